/*
 * answer.c - transient Redis errors count as unavailable, not as refused.
 */
#include "answer.h"

#include <string.h>

enum answer answer_of(struct reply reply)
{
    static const char *const transient[] = {"LOADING",     "BUSY", "MASTERDOWN", "READONLY",  "TRYAGAIN",
                                            "CLUSTERDOWN", "OOM",  "MISCONF",    "NOREPLICAS"};
    switch (reply.status) {
    case REPLY_OK:
        return ANSWER_OK;
    case REPLY_DOWN:
        return ANSWER_UNAVAILABLE;
    case REPLY_ERROR:
        break;
    }
    for (size_t i = 0; i < sizeof transient / sizeof *transient; i++)
        if (strncmp(reply.text, transient[i], strlen(transient[i])) == 0)
            return ANSWER_UNAVAILABLE;
    return strstr(reply.text, "Function not found") ? ANSWER_UNAVAILABLE : ANSWER_REFUSED;
}
