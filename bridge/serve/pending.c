/*
 * pending.c - a hash table by ticket, and a list per session.
 */
#include "pending.h"

#include <stdlib.h>
#include <string.h>

uint64_t pending_ticket(struct pending_table *table)
{
    return ++table->last_ticket;
}

static struct bytes pending_keep(char *at, struct bytes bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.data, bytes.len);
    return (struct bytes){at, bytes.len};
}

struct pending *pending_new(struct pending_table *table, struct pending_list *list, struct session *session,
                            enum pending_kind kind, struct bytes ref, struct bytes name)
{
    struct pending *pending = calloc(1, sizeof *pending + ref.len + name.len);
    if (!pending)
        return NULL;
    pending->ticket = pending_ticket(table);
    pending->kind = kind;
    pending->session = session;
    pending->ref = pending_keep(pending->text, ref);
    pending->name = pending_keep(pending->text + ref.len, name);
    HASH_ADD(hh, table->by_ticket, ticket, sizeof pending->ticket, pending);
    if (!pending->hh.tbl) {
        free(pending);
        return NULL;
    }
    LIST_INSERT_HEAD(list, pending, siblings);
    return pending;
}

struct pending *pending_find(struct pending_table *table, uint64_t ticket)
{
    struct pending *pending;
    HASH_FIND(hh, table->by_ticket, &ticket, sizeof ticket, pending);
    return pending;
}

void pending_remove(struct pending_table *table, struct pending *pending)
{
    HASH_DEL(table->by_ticket, pending);
    LIST_REMOVE(pending, siblings);
}

void pending_free(struct pending *pending)
{
    free(pending);
}
