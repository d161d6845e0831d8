/*
 * pending.c - a hash table by ticket, and a list per owner.
 */
#include "pending.h"

#include <stdlib.h>
#include <string.h>

struct pending *pending_new(struct pending_table *table, struct pending_list *list, void *owner,
                            const struct pending_note *note)
{
    struct pending *pending = calloc(1, sizeof *pending + note->ref_len + note->name_len + 2);
    if (!pending)
        return NULL;
    pending->ticket = ++table->last_ticket;
    pending->owner = owner;
    pending->ref = pending->text;
    pending->ref_len = note->ref_len;
    pending->name = pending->text + note->ref_len + 1;
    pending->name_len = note->name_len;
    if (note->ref_len > 0)
        memcpy(pending->ref, note->ref, note->ref_len);
    if (note->name_len > 0)
        memcpy(pending->name, note->name, note->name_len);
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

void pending_free(struct pending_table *table, struct pending *pending)
{
    HASH_DEL(table->by_ticket, pending);
    LIST_REMOVE(pending, siblings);
    free(pending);
}

void pending_drop_all(struct pending_table *table, struct pending_list *list)
{
    while (!LIST_EMPTY(list))
        pending_free(table, LIST_FIRST(list));
}
