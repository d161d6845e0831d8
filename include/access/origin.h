/*
 * origin.h - may pages of this origin use the server? (WHATWG HTML, 7.1.1; the Origin header: RFC 6454, 7)
 */
#ifndef ACCESS_ORIGIN_H
#define ACCESS_ORIGIN_H

#include "base/bytes.h"
#include "base/check.h"

struct access;

enum origin_answer {
    ORIGIN_ANY,     /* there is no list: every origin is allowed */
    ORIGIN_OPEN,    /* it is in the list */
    ORIGIN_NO_PAGE, /* there is a list, but no Origin header: not a page of another origin */
    ORIGIN_REFUSED, /* it is not in the list */
};

/* `origin` is the header's value; empty if there is none. */
MUST_CHECK enum origin_answer origin_check(const struct access *access, struct bytes origin);

#endif
