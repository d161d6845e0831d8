/*
 * page.h - the answer of the library's read(), decoded.
 */
#ifndef REDIS_PAGE_DECODE_H
#define REDIS_PAGE_DECODE_H

#include "redis/page.h"

#include <hiredis/hiredis.h>

/* Decode; entries and extents are owned by the page. false: no memory, or not an answer of read(); nothing is owned. */
MUST_CHECK bool page_decode(struct page *page, struct position after, const redisReply *reply);
void page_fini(struct page *page);

#endif
