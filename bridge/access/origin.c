/*
 * origin.c - compares the Origin header with the list. Browsers send it for every page that connects from another
 *            origin; a client that sends none is not such a page, and could send any origin that it likes.
 */
#include "access/origin.h"

#include "access/access.h"
#include "words/glob.h"

enum origin_answer origin_check(const struct access *access, struct bytes origin)
{
    if (access->origins->count == 0)
        return ORIGIN_ANY;
    if (origin.len == 0)
        return ORIGIN_NO_PAGE;
    return glob_list_match(access->origins, origin.data, origin.len) >= 0 ? ORIGIN_OPEN : ORIGIN_REFUSED;
}
