/*
 * remedy.c - a table of how errors begin: those of Redis by their code, our own by their first word.
 */
#include "redis/remedy.h"

#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *begins, *what;
} remedies[] = {
    {"LOADING", "Redis is loading its data; the bridge waits until it is done"},
    {"NOAUTH", "Redis requires a password: put it into REDIS_URL (redis://user:password@host)"},
    {"WRONGPASS", "Redis rejected the user or password: check REDIS_URL (percent-encode special characters)"},
    {"ERR AUTH", "Redis has no password set for this user, but REDIS_URL contains one: remove it"},
    {"ERR invalid password", "Redis rejected the password: check REDIS_URL"},
    {"ERR The user executing the script",
     "the Redis user lacks a permission that the bridge needs: see deploy/redis-acl.conf"},
    {"NOPERM", "the Redis user lacks a permission that the bridge needs: see deploy/redis-acl.conf"},
    {"READONLY", "this Redis is a read-only replica: point REDIS_URL at the primary"},
    {"OOM", "Redis is out of memory (maxmemory): raise it, or shorten BRIDGE_HISTORY_LENGTH / BRIDGE_HISTORY_TTL"},
    {"NOREPLICAS", "Redis has too few replicas to accept writes: see its min-replicas-to-write"},
    {"MISCONF", "Redis can't save to disk and refuses writes: see its log"},
    {"MASTERDOWN", "this replica has lost its primary: point REDIS_URL at the primary"},
    {"ERR unknown command", "this Redis is too old: Redis 7.0 or Valkey 7.2 or newer is needed"},
    {"ERR DB index", "the database number in REDIS_URL does not exist"},
    {"TLS handshake failed",
     "Redis is down behind this address; or, if this port does not speak TLS, use redis:// instead of rediss://"},
    {"closed before any reply",
     "Redis is down behind this address; or, if this port speaks TLS, use rediss:// instead of redis://"},
    {"CLUSTER ", "Redis Cluster is not supported by this version: point REDIS_URL at a single Redis"},
    {"SENTINEL ", "Sentinel addresses are not supported by this version: point REDIS_URL at the Redis itself"},
    {"TLS:", "if you use your own certificate authority, set SSL_CERT_FILE to its certificate"},
    {"ERR max number of clients", "Redis accepts no more clients: raise its maxclients"},
};

#define REMEDY_UNKNOWN (sizeof remedies / sizeof *remedies + 1)

/* What a function raises stands behind its name and line. */
static bool remedy_fits(const char *error, const char *begins)
{
    const char *raised = strstr(error, begins);
    return raised == error || (raised && strncmp(error, "ERR user_function", 17) == 0);
}

unsigned remedy_kind(const char *error)
{
    unsigned kind = 1;
    while (kind < REMEDY_UNKNOWN && !remedy_fits(error, remedies[kind - 1].begins))
        kind++;
    return kind;
}

const char *remedy_words(unsigned kind)
{
    return kind > 0 && kind < REMEDY_UNKNOWN ? remedies[kind - 1].what : "the log has the reason";
}

const char *remedy_print(char out[static REMEDY_TEXT_MAX], const char *error)
{
    unsigned kind = remedy_kind(error);
    out[0] = '\0';
    if (kind < REMEDY_UNKNOWN)
        snprintf(out, REMEDY_TEXT_MAX, " do=\"%s\"", remedy_words(kind));
    return out;
}

void remedy_warn(const char *event, const char *error)
{
    log_warn(event, "why=\"%s\"%s", LOG_TEXT(error, strlen(error)), REMEDY_TEXT(error));
}
