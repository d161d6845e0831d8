/*
 * eventlib.c - a table of events by descriptor.
 *
 *     lws: "watch fd 9 for reading" ──► eventlib_on_io ──► slot[9].read ──► eventlib_on_event ──► lws_service_fd_tsi
 *
 * Reading and writing are two events, because libevent changes the mask of one event only by deleting and adding it
 * again. The write event is created when first needed: a browser that reads as fast as we write never has one. lws
 * repeats its requests, so those that change nothing are ignored.
 *
 * The trap   if a peer has closed its sending half while lws still flushes to it, lws (4.3.5:
 *            LRS_FLUSHING_BEFORE_CLOSE) neither reads nor stops waiting for input: a level-triggered loop spins at full
 *            speed for up to 5 s. So a descriptor that is readable more than a thousand times within a second, and has
 *            nothing to read, is muted (no longer watched for input); lws's own timeout closes it.
 */
#include "eventlib.h"

#include "base/clock.h"
#include "base/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define LONGEST_WAIT_MS 60000
#define FORCED_ROUNDS 4       /* of processing the input that lws has buffered, per turn */
#define READS_SUSPICIOUS 1000 /* within a second */
#define SLOTS_FIRST 64

struct slot {
    struct event *read, *write; /* NULL: not created yet */
    short wanted;               /* POLLIN, POLLOUT: what lws asked for, muted or not */
    bool is_silent;             /* a connection from which nothing has been received yet */
    unsigned reads;             /* how often it was readable in the second `reads_at` */
    unsigned reads_at;
};

struct eventlib {
    struct loop *loop;
    eventlib_wait_fn on_wait;
    eventlib_mute_fn on_mute;
    struct timer *timer;         /* the next of lws's timers */
    uint64_t timer_due_ms;       /* 0: not running */
    struct lws_context *context; /* NULL: not created yet, or about to be destroyed */
    unsigned count;              /* descriptors that lws has */
    unsigned silent;             /* of these, connections from which nothing has been received yet */
    int slot_count;
    struct slot *slots;
};

static struct slot *eventlib_slot_find(struct eventlib *lib, int fd)
{
    return fd >= 0 && fd < lib->slot_count && lib->slots[fd].read ? &lib->slots[fd] : NULL;
}

/* --- from libevent to lws ----------------------------------------------------------------------------------------- */

static bool eventlib_is_spinning(struct slot *slot, int fd)
{
    unsigned second = (unsigned)(clock_now_ms() / 1024);
    int waiting = 0;
    if (slot->reads_at != second) {
        slot->reads_at = second;
        slot->reads = 0;
    }
    return ++slot->reads > READS_SUSPICIOUS && ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 0;
}

static void eventlib_mute(struct eventlib *lib, struct slot *slot, int fd)
{
    event_del(slot->read);
    lib->on_mute(wsi_from_fd(lib->context, fd), fd);
}

static void eventlib_end_silence(struct eventlib *lib, struct slot *slot)
{
    lib->silent -= slot->is_silent;
    slot->is_silent = false;
}

static void eventlib_on_event(evutil_socket_t fd, short what, void *arg)
{
    struct eventlib *lib = arg;
    struct slot *slot = eventlib_slot_find(lib, fd);
    if (!slot || !lib->context)
        return;
    if ((what & EV_READ) && eventlib_is_spinning(slot, fd)) {
        eventlib_mute(lib, slot, fd);
        return;
    }
    if (what & EV_READ)
        eventlib_end_silence(lib, slot);
    struct lws_pollfd ready = {.fd = fd, .events = slot->wanted};
    ready.revents = (short)(((what & EV_READ) ? POLLIN : 0) | ((what & EV_WRITE) ? POLLOUT : 0));
    lws_service_fd_tsi(lib->context, &ready, 0); /* the slot may be cleared or moved after this */
}

/* --- from lws to libevent ----------------------------------------------------------------------------------------- */

static struct eventlib *eventlib_of(struct lws *wsi)
{
    return *(struct eventlib **)lws_evlib_wsi_to_evlib_pt(wsi);
}

static bool eventlib_slots_reach(struct eventlib *lib, int fd)
{
    int count = lib->slot_count > 0 ? lib->slot_count : SLOTS_FIRST;
    if (fd < lib->slot_count)
        return true;
    while (count <= fd)
        count *= 2;
    struct slot *slots = realloc(lib->slots, (size_t)count * sizeof *slots);
    if (!slots)
        return false;
    memset(slots + lib->slot_count, 0, (size_t)(count - lib->slot_count) * sizeof *slots);
    lib->slots = slots;
    lib->slot_count = count;
    return true;
}

static int eventlib_on_accept(struct lws *wsi)
{
    struct eventlib *lib = eventlib_of(wsi);
    int fd = (int)lws_get_socket_fd(wsi);
    if (fd < 0 || !eventlib_slots_reach(lib, fd) || lib->slots[fd].read)
        return 1;
    struct slot *slot = &lib->slots[fd];
    *slot = (struct slot){.wanted = POLLIN, .is_silent = lws_get_vhost(wsi)}; /* lws's own pipes have no vhost */
    slot->read = event_new(loop_base(lib->loop), fd, EV_READ | EV_PERSIST, eventlib_on_event, lib);
    if (!slot->read || event_add(slot->read, NULL) != 0) {
        if (slot->read)
            event_free(slot->read);
        slot->read = NULL;
        return 1;
    }
    lib->count++;
    lib->silent += slot->is_silent;
    return 0;
}

static void eventlib_want_read(struct slot *slot, bool want)
{
    if (want == ((slot->wanted & POLLIN) != 0))
        return;
    slot->wanted ^= POLLIN;
    if (want)
        event_add(slot->read, NULL);
    else
        event_del(slot->read);
}

static void eventlib_want_write(struct eventlib *lib, struct slot *slot, int fd, bool want)
{
    if (want == ((slot->wanted & POLLOUT) != 0))
        return;
    if (want && !slot->write)
        slot->write = event_new(loop_base(lib->loop), fd, EV_WRITE | EV_PERSIST, eventlib_on_event, lib);
    if (!slot->write)
        return; /* no memory: `wanted` stays as it is, so that lws's next request tries again */
    slot->wanted ^= POLLOUT;
    if (want)
        event_add(slot->write, NULL);
    else
        event_del(slot->write);
}

static void eventlib_on_io(struct lws *wsi, unsigned flags)
{
    struct eventlib *lib = eventlib_of(wsi);
    int fd = (int)lws_get_socket_fd(wsi);
    struct slot *slot = eventlib_slot_find(lib, fd);
    bool want = (flags & LWS_EV_START) != 0;
    if (!slot)
        return;
    if (flags & LWS_EV_READ)
        eventlib_want_read(slot, want);
    if (flags & LWS_EV_WRITE) {
        eventlib_want_write(lib, slot, fd, want);
        lib->on_wait(wsi, want);
    }
}

unsigned eventlib_count(const struct eventlib *lib)
{
    return lib->count;
}

unsigned eventlib_silent(const struct eventlib *lib)
{
    return lib->silent;
}

bool eventlib_is_waiting(struct eventlib *lib, struct lws *wsi)
{
    const struct slot *slot = eventlib_slot_find(lib, (int)lws_get_socket_fd(wsi));
    return slot && (slot->wanted & POLLOUT) != 0;
}

static int eventlib_on_close(struct lws *wsi)
{
    struct eventlib *lib = eventlib_of(wsi);
    struct slot *slot = eventlib_slot_find(lib, (int)lws_get_socket_fd(wsi));
    if (!slot)
        return 0;
    eventlib_end_silence(lib, slot);
    lib->count--;
    event_free(slot->read);
    if (slot->write)
        event_free(slot->write);
    *slot = (struct slot){0};
    return 0;
}

static int eventlib_on_init(struct lws_context *context, void *foreign_loop, int tsi)
{
    struct eventlib *lib = foreign_loop;
    *(struct eventlib **)lws_evlib_tsi_to_evlib_pt(context, tsi) = lib;
    lib->context = context;
    return 0;
}

static const struct lws_event_loop_ops eventlib_ops = {
    .name = "bridge",
    .init_pt = eventlib_on_init,
    .sock_accept = eventlib_on_accept,
    .io = eventlib_on_io,
    .wsi_logical_close = eventlib_on_close,
    .evlib_size_pt = sizeof(struct eventlib *),
};

const lws_plugin_evlib_t eventlib_plugin = {
    .hdr = {"bridge loop", "lws_evlib_plugin", LWS_BUILD_HASH, LWS_PLUGIN_API_MAGIC},
    .ops = &eventlib_ops,
};

/* --- timers ------------------------------------------------------------------------------------------------------- */

static void eventlib_on_timer(void *arg)
{
    struct eventlib *lib = arg;
    lib->timer_due_ms = 0; /* eventlib_settle() runs at the end of this turn */
}

/* The timer is only ever moved to an earlier time: one that fires too early costs just a look at lws's timers. */
static void eventlib_wake_after(struct eventlib *lib, uint64_t wait_ms)
{
    uint64_t due_ms = clock_now_ms() + wait_ms;
    if (lib->timer_due_ms != 0 && lib->timer_due_ms <= due_ms)
        return;
    lib->timer_due_ms = due_ms;
    timer_start(lib->timer, wait_ms);
}

/*
 * lws returns 0 if it has buffered input that the socket will not report again (TLS, a pipelined request), and also if
 * a timer is due in less than a millisecond. In the second case, forced service does no harm.
 */
void eventlib_settle(struct eventlib *lib)
{
    if (!lib->context)
        return;
    int wait_ms = lws_service_adjust_timeout(lib->context, LONGEST_WAIT_MS, 0);

    for (int round = 0; wait_ms == 0 && round < FORCED_ROUNDS; round++) {
        _lws_plat_service_forced_tsi(lib->context, 0);
        wait_ms = lws_service_adjust_timeout(lib->context, LONGEST_WAIT_MS, 0);
    }
    eventlib_wake_after(lib, (uint64_t)wait_ms + 1);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

struct eventlib *eventlib_new(struct loop *loop, eventlib_wait_fn on_wait, eventlib_mute_fn on_mute)
{
    struct eventlib *lib = calloc(1, sizeof *lib);
    if (!lib)
        return NULL;
    lib->loop = loop;
    lib->on_wait = on_wait;
    lib->on_mute = on_mute;
    lib->timer = timer_new(loop, eventlib_on_timer, lib);
    if (!lib->timer) {
        free(lib);
        return NULL;
    }
    return lib;
}

void eventlib_detach(struct eventlib *lib)
{
    lib->context = NULL;
    timer_stop(lib->timer);
}

void eventlib_free(struct eventlib *lib)
{
    if (!lib)
        return;
    for (int fd = 0; fd < lib->slot_count; fd++) {
        if (lib->slots[fd].read)
            event_free(lib->slots[fd].read);
        if (lib->slots[fd].write)
            event_free(lib->slots[fd].write);
    }
    timer_free(lib->timer);
    free(lib->slots);
    free(lib);
}
