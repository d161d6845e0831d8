/*
 * origin.h - may pages of this origin use us? (WHATWG HTML, 7.1.1; the header of RFC 6454, 7)
 */
#ifndef ACCESS_ORIGIN_H
#define ACCESS_ORIGIN_H

#include "base/bytes.h"
#include "base/check.h"

struct access;

enum origin_answer {
    ORIGIN_ANY,     /* no list: whoever asks, the answer is the same */
    ORIGIN_OPEN,    /* one of the list */
    ORIGIN_NO_PAGE, /* there is a list, but it is no page that asks */
    ORIGIN_REFUSED, /* a page of another origin */
};

/* `origin` as the header says it; empty where there is none. */
MUST_CHECK enum origin_answer origin_check(const struct access *access, struct bytes origin);

#endif
