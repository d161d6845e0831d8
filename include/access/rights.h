/*
 * rights.h - may this client listen to this channel, or publish to it?
 *
 * Promise   Names that begin with the internal prefix are always refused, whatever the rights say. A name that is
 *           allowed is also valid: 1 to 256 bytes of UTF-8 without control characters.
 */
#ifndef ACCESS_RIGHTS_H
#define ACCESS_RIGHTS_H

#include "access/access.h"
#include "base/bytes.h"

/* `name` is a channel, or a pattern: allowed if the client may listen to every channel that could match it. */
MUST_CHECK struct refusal rights_subscribe(const struct access *access, const struct who *who, struct bytes name);
/* `name` must be one channel, not a pattern. */
MUST_CHECK struct refusal rights_publish(const struct access *access, const struct who *who, struct bytes name);

#endif
