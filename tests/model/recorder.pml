/*
 * recorder.pml - a model, for the model checker SPIN, of how a plain PUBLISH is recorded exactly once.
 *
 * SPIN explores everything that can happen: every order in which Redis and the processes can take their steps, and
 * every moment at which something can fail. A failure that a test would hit by luck once in a million runs is found
 * here for certain, if it is within the bounds. tests/model/run runs the model, and prints a counter-example event by
 * event.
 *
 * What is modelled, and where it is in the code
 *
 *   here                  there (bridge/recorder/, bridge/redis/lua/)
 *   N processes           node.c; the states are the same: DOWN is AWAY, SUBSCRIBING and ENTERING are ENTERING
 *   P[i]                  the pub/sub messages that process i has yet to read, in the order in which Redis sent them
 *   C[i]                  the calls that its caller has written and Redis has not executed yet
 *   C[N+i]                the same for the previous connection: they may be executed late, in part, or never
 *   Q[i], newest, known   scribe.c: the queue, the ordinal of the newest message, the last one known to be recorded
 *   placeEra, placeLast   place.era, place.last: what was recorded when the queue began
 *   exec()                lua/recorder.lua: attend, record, sync, place, leave, each of them atomic
 *   handle()              node_hear: node_hear_own_sync and so on
 *   obey()                node_obey: an answer of attend; ignored if the node changed since the call (`asks` is 2)
 *   lostP(), giveup()     node_lose, node_restart: the leftover of the queue is sent, then the next node begins
 *   newnode()             node_arrive: each connection is a new node, with a name of its own
 *
 * What can fail, FB times in a run: a process crashes (and comes back); P is cut: Redis and the process each notice
 * at once or any time later, and until then Redis counts the node as subscribed, and the process believes that it is;
 * C is lost, and the calls written to it are executed late, in part, or never; a call is answered with an error; the
 * seat, the standby lease or a membership expires while its owner hangs. No step has a time limit: a process that
 * hangs is one that takes no step for a while.
 *
 * What must hold
 *
 *   always     No message is recorded twice, or after a later one, in whatever eras. Durable messages get no ordinal.
 *              All nodes that are synced in an era agree on each ordinal, with each other and with the log. A node
 *              receives each message before it is announced as recorded. The last member never gives up its place.
 *   no loss    A message is recorded if a living node is a member when it is published, and there is one at all times
 *              from then on; after a cold start, also if any node receives it. Without ANYFAULT processes and
 *              memberships fail only while another living node is a member; with it all may fail at once, and the
 *              messages that are not recorded by then are excused.
 *   the end    Every run ends (-DNP: there is no cycle), and when nothing can happen any more, one process holds the
 *              seat, one stands by, the others wait, and everything queued is recorded.
 *
 * What is left out: the filter (all processes number the same channels), patterns and copies; batches (here each
 * message is a call of its own); what Redis loses at a failover; the bound of the queue; `vacant`, `renewed` and
 * `who`; an orderly leave (it is like a crash that Redis notices at once); and time. A node attends whenever an answer
 * could change anything (NEED), and AT times without need; sync is repeated when nothing else can happen, and RT times
 * too early.
 *
 * To keep the states few, a message is read at once if it makes no difference when it is read, and a call that can no
 * longer have any effect is removed (-DNOEAGER does neither); names of nodes and nonces are reused once nothing
 * mentions them; everything happens in one SPIN process, with few steps in between.
 *
 * Each -DM_... leaves out or bends one rule, and must lead to a counter-example: see the tables in tests/model/run.
 *
 * Within these bounds it does no harm to execute `place` for an era that is over (its nonce is stale as well), to obey
 * an answer of attend from before a change of state, or to stay SYNCED when another node opens an era (attend reports
 * it later).
 */
#ifndef N
#define N 2              /* processes */
#endif
#ifndef NR
#define NR 2             /* plain messages: 1, 2 ... */
#endif
#ifndef NS
#define NS 1             /* durable messages */
#endif
#ifndef FB
#define FB 2             /* faults */
#endif
#ifndef AT
#define AT 0             /* attends without need */
#endif
#ifndef RT
#define RT 0             /* syncs repeated too early */
#endif
#define G 4              /* nodes of one process whose names can be in use somewhere at the same time */
#ifndef PL
#define PL 12             /* unread messages on P */
#endif
#ifndef CL
#define CL 8              /* calls on C that are not executed yet */
#endif

/* Which faults can happen; fewer make a smaller run. */
#ifndef FAULTS
#define FAULTS 127
#endif
#define CAN_CRASH  ((FAULTS & 1) && fb > 0)
#define CAN_CUT    ((FAULTS & 2) && fb > 0)
#define CAN_LOSE_C ((FAULTS & 4) && fb > 0)
#define CAN_ERR    ((FAULTS & 8) && fb > 0)
#define CAN_SEAT   ((FAULTS & 16) && fb > 0)
#define CAN_MEMBER ((FAULTS & 32) && fb > 0)
#define CAN_STANDBY ((FAULTS & 64) && fb > 0)

/* Messages on P: kind, x, y, z. */
#define PLAIN    1       /* x message; a durable one is 100 + its number          */
#define ECHOED   2       /* on live: the next plain message is in the log already */
#define RECORDED 3       /* on live: x ordinal, y message, z era                  */
#define ERA      4       /* x era, y node                                         */
#define SYNC     5       /* x node, y nonce, z era*16+last                        */
#define PLACE    6       /* x node, y nonce, z era*16+ordinal                     */
/* Calls on C: kind, x, y, z. */
#define ATTEND_W 1       /* attend waiting: x node                  */
#define ATTEND_J 2       /* attend joining: x node, y era, z last   */
#define ATTEND_S 3       /* attend synced:  x node, y era, z first  */
#define DO_RECORD 4      /* x message, y era, z ordinal             */
#define DO_SYNC  5       /* x node, y nonce                         */
#define DO_PLACE 6       /* x node, y nonce, z era*16+ordinal       */
#define DO_LEAVE 7       /* by force: x node                        */
#define DO_RECORD_OLD 8   /* a DO_RECORD whose answer is ignored: everything was sent again */
/* The states of a process. */
#define DOWN     0       /* P is lost; what was queued, the leftover, is sent */
#define WAITING  1
#define SUBSCRIBING 2    /* ENTERING, before the patterns are confirmed    */
#define ENTERING 3
#define JOINING  4
#define SYNCED   5
#define HOLDING  6
/* What attend answers. */
#define R_GONE    1
#define R_WAITING 2
#define R_STANDBY 3
#define R_HOLDER  4
#define R_ANEW    5
/* What can happen next. */
#define HANDLE 1
#define PUBLISH 2
#define SEND 3
#define EXEC 4
#define NOTICED 5
#define MEMBER_ENDS 6
#define SEAT_ENDS 7
#define STANDBY_ENDS 8
#define OBEY 9
#define ATTEND 10
#define SUBSCRIBE 11
#define RESYNC 12
#define RESEND 13
#define SUCCEED 14
#define LOST_P 15
#define CRASH 16
#define RESTART 17
#define CUT 18
#define LOSE_C 19
#define FORGET_C 20
#define FAIL 21
#define TIMERS 22
#define FINISH 23

chan P[N]   = [PL] of { byte, byte, byte, byte };
chan C[2*N] = [CL] of { byte, byte, byte, byte };
chan Q[N]   = [NR+1] of { byte };

/* Redis */
byte era, last;
byte seat, standby;           /* node + 1, or 0 */
short heard, members;         /* sets of nodes */
/* The world. `log` is the newest message in the log, `excused` is the set of messages that may be lost. */
byte log, plains, durables, excused;
byte fb = FB, at = AT, rt = RT;
bit up;                       /* there has been a member */
byte rounds;                  /* how often timers fired because nothing else could happen */
/* Processes */
bit alive[N], pup[N];         /* pup: P is connected */
byte state[N], node[N], nonce[N];
bit begun[N];                 /* ENTERING: placeEra and placeLast are known for the start of the queue */
byte placeEra[N], placeLast[N], placeLength[N];
byte myera[N], newest[N], known[N];
bit echo[N], unsure[N], gaveup[N];
byte asks[N];                 /* 1: an answer of attend is pending, 2: it will be stale */
byte role[N], roleEra[N], roleLast[N];

hidden byte act, me, x, y, z, v, k, a, b, c, i, j, w, g, ok;

#define BIT(n) (1<<(n))
#define HEARD(n) ((heard & BIT(n)) != 0)
#define MEMBER(n) ((members & BIT(n)) != 0)
#define OTHERMEMBER(n) ((members & ~BIT(n)) != 0)
#define OWNER(n) ((n)/G)
#define LIVES(n) (alive[OWNER(n)] && pup[OWNER(n)] && node[OWNER(n)] == (n))
#define FIRST(p) (newest[p]-len(Q[p])+1)
#define ISNOW(nc,p) ((nc) == (p) && alive[p])
#define GOOD(p) (alive[p] && pup[p] && MEMBER(node[p]))
#define LISTENS(p) (pup[p] && state[p] >= ENTERING)
#if N == 2
#define ANYGOOD (GOOD(0) || GOOD(1))
#define OTHERGOOD(p) GOOD(1-(p))
#define ANYLISTENS (LISTENS(0) || LISTENS(1))
#else
#define ANYGOOD (GOOD(0) || GOOD(1) || GOOD(2))
#define OTHERGOOD(p) (GOOD(((p)+1)%3) || GOOD(((p)+2)%3))
#define ANYLISTENS (LISTENS(0) || LISTENS(1) || LISTENS(2))
#endif
#ifdef ANYFAULT
#define MAYFAIL(p) 1
#define MAYLAPSE 1
#else
#define MAYFAIL(p) (up && OTHERGOOD(p))
#define MAYLAPSE up
#endif

/* ---------------------------------------------------------------------------------------------- the rules, bendable */

#ifdef M_NO_ERA_CHECK          /* record accepts messages of any era */
#define RECORD_ERA(e) 1
#else
#define RECORD_ERA(e) ((e) == era)
#endif
#ifdef M_NO_ORDINAL_CHECK      /* record accepts any ordinal */
#define RECORD_OLD(o) 0
#define RECORD_HOLE(o) 0
#else
#define RECORD_OLD(o) ((o) <= last)
#define RECORD_HOLE(o) ((o) > last+1)
#endif
#ifdef M_NO_GATE               /* a member need not have all unrecorded messages */
#define COVERED(f) 1
#else
#define COVERED(f) ((f) <= last+1)
#endif
#if defined(M_OPEN_ANYHOW)     /* a joining node opens an era, whatever was recorded since its place */
#define SAME_PLACE(e,l) 1
#elif defined(M_OPEN_ANY_LAST)
#define SAME_PLACE(e,l) ((e) == era)
#elif defined(M_OPEN_ANY_ERA)
#define SAME_PLACE(e,l) ((l) == last)
#else
#define SAME_PLACE(e,l) ((e) == era && (l) == last)
#endif
#ifdef M_OPEN_BESIDE_MEMBERS   /* a node opens an era even if there are other members */
#define ALONE(n) 1
#else
#define ALONE(n) (!OTHERMEMBER(n))
#endif
#if defined(M_OPENER_UNKNOWN)  /* a node that opened an era and has not received `era` yet does not count as a member */
#define OPENED(n) 0
#elif defined(M_OPENER_GONE)   /* ... if it claims to be synced in the era before */
#define OPENED(n) (k != ATTEND_S && MEMBER(n))
#else
#define OPENED(n) MEMBER(n)
#endif
#ifdef M_ANEW_ANY_ERA          /* a joining node is sent back even if `era` is on its way to it */
#define ANEW_ERA(e) 1
#else
#define ANEW_ERA(e) ((e) == era)
#endif
#ifdef M_STANDBY_KEPT          /* a standby that is not a member yet does not yield to a member without a lease ... */
#define STANDBY_YIELDS 0
#else
#define STANDBY_YIELDS (!MEMBER(standby-1))
#endif
#ifdef M_NO_PATIENCE           /* ... and that member gives up its place at once */
#define ONE_TOO_MANY(p) 1
#else                          /* only once the leases of dead nodes must have expired */
#define ONE_TOO_MANY(p) (seat > 0 && LIVES(seat-1) && MEMBER(seat-1) && \
                         standby > 0 && LIVES(standby-1) && MEMBER(standby-1))
#endif
#ifdef M_ANY_NONCE             /* an answer to an older sync is accepted */
#define MY_NONCE(p,n) 1
#else
#define MY_NONCE(p,n) ((n) == nonce[p])
#endif
#ifdef M_PLACE_AT_BEGIN        /* messages queued before the place are numbered as if they came after it */
#define BEFORE_PLACE(p) 0
#else
#define BEFORE_PLACE(p) placeLength[p]
#endif
#define BEGAN_WELL(p,e,l) (begun[p] && (e) == placeEra[p] && (l) == placeLast[p])

#ifdef M_LEFTOVER_IN_NEW_ERA   /* the leftover is sent with its ordinals, but for the current era */
#define ESTATE_ERA(p) era
#else
#define ESTATE_ERA(p) myera[p]
#endif
#ifdef M_LAST_OF_ANY_ERA       /* the last recorded ordinal of any era is taken for one of the node's own era */
#define OWN_ERA(p,e) 1
#else
#define OWN_ERA(p,e) ((e) == myera[p])
#endif
/* ----------------------------------------------------------------------------------------------------------- pieces */

inline pub(pk,px,py,pz) {
  printf("        P <- %d(%d,%d,%d)\n",pk,px,py,pz);
  for (g : 0 .. N-1) {
    if
    :: LISTENS(g) -> assert(len(P[g]) < PL); P[g]!pk,px,py,pz
    :: else
    fi
  }
}
inline call(p,ck,cx,cy,cz) {
  printf("        process %d calls %d(%d,%d,%d)\n",p,ck,cx,cy,cz);
  assert(len(C[p]) < CL); C[p]!ck,cx,cy,cz
}
inline emptyQ(p) { do :: len(Q[p]) > 0 -> Q[p]?_ :: else -> break od }
inline emptyP(p) { do :: len(P[p]) > 0 -> P[p]?_,_,_,_ :: else -> break od }
inline emptyC(nc) { do :: len(C[nc]) > 0 -> C[nc]?_,_,_,_ :: else -> break od }
inline oldC(p) {              /* the connection is lost; calls written to it may still be executed */
  do
  :: len(C[p]) > 0 -> C[p]?k,x,y,z; C[N+p]!k,x,y,z
  :: else -> break
  od
}

inline noanswer(p) { asks[p] = 0; role[p] = 0; roleEra[p] = 0; roleLast[p] = 0 }
inline changed(p) { if :: asks[p] == 1 -> asks[p] = 2 :: else fi }
inline enter(p,s) { if :: state[p] != s -> state[p] = s; changed(p) :: else fi }

inline sync(p) {              /* with a nonce that no message or call mentions */
  v = 0;
  do
  :: v++;
     ok = (v != nonce[p]);
     for (g : 0 .. N-1) {
       ok = ok && !(P[g]??[SYNC,eval(node[p]),eval(v),_]) && !(P[g]??[PLACE,eval(node[p]),eval(v),_])
     }
     for (g : 0 .. 2*N-1) {
       ok = ok && !(C[g]??[DO_SYNC,eval(node[p]),eval(v),_]) && !(C[g]??[DO_PLACE,eval(node[p]),eval(v),_])
     }
     if :: ok -> break :: else fi
  od;
  nonce[p] = v;
  call(p,DO_SYNC,node[p],v,0)
}
inline attend(p) {
  if
  :: asks[p] -> skip          /* the pending answer comes first; after it, NEED decides */
  :: else ->
     asks[p] = 1;
     if
     :: state[p] <= ENTERING -> call(p,ATTEND_W,node[p],0,0)
     :: state[p] == JOINING -> call(p,ATTEND_J,node[p],placeEra[p],placeLast[p])
     :: else -> call(p,ATTEND_S,node[p],myera[p],FIRST(p))
     fi
  fi
}
inline drop(p,n) {            /* scribe_drop */
  do
  :: len(Q[p]) > 0 && FIRST(p) <= n -> Q[p]?_
  :: else -> break
  od;
  if :: n > known[p] -> known[p] = n :: else fi
}
inline sendall(p,e) {         /* scribe_rewind, scribe_flush */
  y = len(C[p]);
  do
  :: y > 0 -> C[p]?k,x,v,z; if :: k == DO_RECORD -> C[p]!DO_RECORD_OLD,x,v,z :: else -> C[p]!k,x,v,z fi; y--
  :: else -> break
  od;
  y = len(Q[p]); z = FIRST(p);
  do
  :: y > 0 -> Q[p]?v; Q[p]!v; call(p,DO_RECORD,v,e,z); y--; z++
  :: else -> break
  od
}
inline begin(p,isKnown,e,l) { /* node_begin_queue: the queue begins here */
  emptyQ(p); begun[p] = isKnown; placeEra[p] = e; placeLast[p] = l; placeLength[p] = 0; changed(p)
}
inline number(p,e,n) {        /* scribe_number: the newest message in the queue gets ordinal n of era e */
  assert(n >= len(Q[p]));                                    /* no queued message precedes the era */
#ifndef M_KNOWN_IN_NEW_ERA     /* the last ordinal known to be recorded is carried over into the new era */
  known[p] = 0;
#endif
  myera[p] = e; newest[p] = n; unsure[p] = 0;
  begun[p] = 0; placeEra[p] = 0; placeLast[p] = 0; placeLength[p] = 0
}
inline forget(p) {
  begin(p,0,0,0); noanswer(p); nonce[p] = 0; myera[p] = 0; newest[p] = 0; known[p] = 0;
  echo[p] = 0; unsure[p] = 0; gaveup[p] = 0; state[p] = DOWN; node[p] = p*G
}
inline newnode(p) {
  forget(p);
  x = p*G;
  do
  :: ok = !HEARD(x);
     for (g : 0 .. N-1) {
       ok = ok && !(P[g]??[SYNC,eval(x),_,_]) && !(P[g]??[PLACE,eval(x),_,_]) && !(P[g]??[ERA,_,eval(x),_])
     }
     for (g : 0 .. 2*N-1) {
       ok = ok && !(C[g]??[ATTEND_W,eval(x),_,_]) && !(C[g]??[ATTEND_J,eval(x),_,_]) &&
            !(C[g]??[ATTEND_S,eval(x),_,_]) && !(C[g]??[DO_SYNC,eval(x),_,_]) &&
            !(C[g]??[DO_PLACE,eval(x),_,_]) && !(C[g]??[DO_LEAVE,eval(x),_,_])
     }
     if :: ok -> break :: else -> x++; assert(x < (p+1)*G) fi
  od;
  node[p] = x; pup[p] = 1; heard = heard | BIT(x); state[p] = WAITING;
  printf("process %d is node %d\n",p,x)
}
inline lostP(p) {
  emptyP(p); pup[p] = 0; noanswer(p);
  if
  :: state[p] >= SYNCED && len(Q[p]) > 0 ->
     printf("process %d sends its leftover\n",p);
     sendall(p,ESTATE_ERA(p));
     call(p,DO_LEAVE,node[p],0,0);
     nonce[p] = 0; known[p] = 0; echo[p] = 0; unsure[p] = 0; state[p] = DOWN
  :: else -> call(p,DO_LEAVE,node[p],0,0); newnode(p)
  fi
}
inline giveup(p) {            /* node_restart */
  printf("process %d gives up its place\n",p);
  assert(!GOOD(p) || OTHERGOOD(p));                          /* it is not the last member */
  lostP(p)
}

/* ------------------------------------------------------------------------------------------------------------ Redis */

inline answer(r) {
  if
  :: ISNOW(a,i) && asks[i] && node[i] == x -> role[i] = r; roleEra[i] = era; roleLast[i] = last
  :: else
  fi
}

inline execAttend() {
  ok = 0;                     /* is it a member? */
  if
  :: k == ATTEND_S && y == era -> ok = COVERED(z)
  :: else -> ok = OPENED(x)
  fi;
  if
  :: ok -> members = members | BIT(x)
  :: !ok && k == ATTEND_S && y == era -> members = members & ~BIT(x); if :: seat == x+1 -> seat = 0 :: else fi
  :: else
  fi;
  if
  :: ok && (seat == 0 || seat == x+1) ->
     seat = x+1; if :: standby == x+1 -> standby = 0 :: else fi;
     answer(R_HOLDER)
  :: !ok && seat == x+1 -> answer(R_HOLDER)
  :: !ok && seat == 0 && ALONE(x) && k != ATTEND_W &&
     (era == 0 || (k == ATTEND_S && y == era) || (k == ATTEND_J && SAME_PLACE(y,z))) ->
     era++; assert(era < 16);
     last = 0; seat = x+1; members = BIT(x); if :: standby == x+1 -> standby = 0 :: else fi;
     pub(ERA,era,x,0);
     answer(R_HOLDER)
  :: !ok && seat == 0 && ALONE(x) && k == ATTEND_J && era > 0 && !SAME_PLACE(y,z) && ANEW_ERA(y) -> answer(R_ANEW)
  :: else ->
     if
     :: k == ATTEND_S && y != era -> answer(R_GONE)
     :: else ->
        if
        :: standby == 0 || standby == x+1 || (ok && STANDBY_YIELDS) -> standby = x+1; answer(R_STANDBY)
        :: else -> answer(R_WAITING)
        fi
     fi
  fi
}

inline exec(nc) {
  a = nc; i = (nc)%N;
  C[nc]?k,x,y,z;
  printf("Redis executes %d(%d,%d,%d) of process %d%c [era %d last %d seat %d standby %d heard %d members %d]\n",
         k,x,y,z,i,((nc)<N -> ' ' : '!'),era,last,seat,standby,heard,members);
  if
  :: k == DO_RECORD || k == DO_RECORD_OLD ->
     v = 0;                   /* does it leave a hole? */
     if
     :: !RECORD_ERA(y) || RECORD_OLD(z) -> skip
     :: RECORD_ERA(y) && RECORD_HOLE(z) -> v = 1
     :: else ->
        assert(x <= NR);                                     /* a durable message has no ordinal */
        assert(x > log);                                     /* nothing is recorded twice or out of order */
        for (w : 1 .. NR) {
          assert(w <= log || w >= x || (excused & BIT(w)))   /* nothing is missing */
        };
        log = x; last = z; excused = excused & ~(BIT(x+1)-1);
        pub(RECORDED,z,x,era)
     fi;
     b = (k == DO_RECORD && ISNOW(nc,i));
     if
     :: b && (state[i] == HOLDING || state[i] == DOWN) && v && FIRST(i) <= last+1 -> unsure[i] = 1
     :: b && state[i] == DOWN && z == newest[i] && !(v && FIRST(i) <= last+1) -> gaveup[i] = 1
     :: else
     fi
  :: k == DO_PLACE -> if :: z/16 == era -> pub(PLACE,x,y,z) :: else fi
  :: k == DO_SYNC -> pub(SYNC,x,y,era*16+last)
  :: k == DO_LEAVE ->
     members = members & ~BIT(x);
     if :: seat == x+1 -> seat = 0 :: else fi;
     if :: standby == x+1 -> standby = 0 :: else fi
  :: k <= ATTEND_S && !HEARD(x) -> answer(R_GONE)
  :: k <= ATTEND_S && HEARD(x) -> execAttend()
  fi;
  if :: ANYGOOD -> up = 1 :: else fi
}
inline fail(nc) {             /* Redis answers with an error: OOM, BUSY, LOADING ... */
  i = (nc)%N;
  C[nc]?k,x,y,z;
  printf("FAULT: Redis fails %d(%d,%d,%d) of process %d%c\n",k,x,y,z,i,((nc)<N -> ' ' : '!'));
  if
  :: ISNOW(nc,i) && k <= ATTEND_S && node[i] == x -> noanswer(i)
  :: ISNOW(nc,i) && k == DO_RECORD && (state[i] == HOLDING || state[i] == DOWN) -> unsure[i] = 1
  :: else
  fi
}
inline noticed(n) {           /* Redis drops the connection: from now on attend answers `gone` for this node */
  heard = heard & ~BIT(n); members = members & ~BIT(n);
  if :: seat == n+1 -> seat = 0 :: else fi;
  if :: standby == n+1 -> standby = 0 :: else fi
}

/* ------------------------------------------------------------------------------------------------------ the process */

inline hearPlain(p) {
  if
  :: echo[p] -> echo[p] = 0
  :: !echo[p] && (state[p] == ENTERING || state[p] == JOINING) -> Q[p]!a
  :: !echo[p] && state[p] >= SYNCED ->
     newest[p]++;
     if
     :: newest[p] > known[p] ->
        Q[p]!a;
        if :: state[p] == HOLDING && !unsure[p] -> call(p,DO_RECORD,a,myera[p],newest[p]) :: else fi
     :: else
     fi
  :: else
  fi
}
inline hearRecorded(p) {
  if
  :: state[p] >= SYNCED && OWN_ERA(p,c) ->
     assert(a <= newest[p]);                                  /* what is recorded was received before */
     if
     :: len(Q[p]) > 0 && FIRST(p) <= a ->
        drop(p,a-1); Q[p]?<v>;
        assert(v == b)                                       /* and is the same */
     :: else
     fi;
     drop(p,a)
  :: else
  fi
}
inline hearEra(p) {
  if
  :: b == node[p] ->
     assert(state[p] >= JOINING);                            /* a node that opens an era has a place */
     printf("process %d opens era %d with %d\n",p,a,len(Q[p]));
     number(p,a,len(Q[p])); changed(p);
     enter(p,HOLDING);
     sendall(p,a)
#ifndef M_JOINING_GOES_ON      /* a joining node keeps its queue and its place when another node opens an era */
  :: b != node[p] && state[p] == JOINING -> begin(p,1,a,0); enter(p,ENTERING); sync(p)
#endif
  :: b != node[p] && state[p] >= SYNCED -> giveup(p)
  :: else
  fi
}
inline hearSync(p) {
  if
  :: a == node[p] && b == nonce[p] && (state[p] == ENTERING || state[p] == JOINING) ->
     if
     :: state[p] == ENTERING && !BEGAN_WELL(p,c/16,c%16) ->
#ifdef M_BEGIN_UNCHECKED       /* the queue is kept, whatever was recorded before the place */
        placeEra[p] = c/16; placeLast[p] = c%16
#else
        begin(p,1,c/16,c%16)
#endif
     :: else
     fi;
     enter(p,JOINING);
     placeLength[p] = len(Q[p]);
     attend(p)
  :: OWNER(a) != p && state[p] >= SYNCED -> call(p,DO_PLACE,a,b,myera[p]*16+newest[p])
  :: else
  fi
}
inline hearPlace(p) {
  if
  :: a == node[p] && MY_NONCE(p,b) && state[p] == JOINING ->
     number(p,c/16,c%16+len(Q[p])-BEFORE_PLACE(p));
     enter(p,SYNCED);
     attend(p)
  :: else
  fi
}
inline handle(p) {
  P[p]?k,a,b,c;
  printf("process %d reads %d(%d,%d,%d) [state %d era %d newest %d queued %d]\n",
         p,k,a,b,c,state[p],myera[p],newest[p],len(Q[p]));
  if
  :: k == PLAIN -> hearPlain(p)
#ifdef M_NO_ECHO               /* an echo counts, although it is in the log already */
  :: k == ECHOED -> skip
#else
  :: k == ECHOED -> echo[p] = 1
#endif
  :: k == RECORDED -> hearRecorded(p)
  :: k == ERA -> hearEra(p)
  :: k == SYNC -> hearSync(p)
  :: k == PLACE -> hearPlace(p)
  fi
}

inline obey(p) {
  k = role[p]; a = roleEra[p]; b = roleLast[p]; c = asks[p];
  noanswer(p);
  printf("process %d is answered %d era %d last %d%c [state %d era %d]\n",
         p,k,a,b,(c == 2 -> '!' : ' '),state[p],myera[p]);
  if
  :: c == 2 -> skip           /* stale */
  :: else ->
     if :: state[p] >= SYNCED && OWN_ERA(p,a) -> drop(p,b) :: else fi;
     if
     :: k == R_GONE -> giveup(p)
     :: k == R_HOLDER && state[p] == SYNCED && a == myera[p] -> enter(p,HOLDING); sendall(p,a)
     :: (k == R_STANDBY || k == R_WAITING) && state[p] == HOLDING -> enter(p,SYNCED); unsure[p] = 0
     :: k == R_WAITING && state[p] == SYNCED && ONE_TOO_MANY(p) -> giveup(p)
     :: k == R_STANDBY && state[p] == WAITING -> placeEra[p] = a; placeLast[p] = b; enter(p,SUBSCRIBING)
     :: k == R_ANEW && state[p] == JOINING -> begin(p,0,0,0); enter(p,ENTERING); sync(p)
     :: else
     fi
  fi
}

/* ------------------------------------------------------------------------------------------ what need not be a step */

/* Read the message that is due, and those behind it for which the time of reading makes no difference. */
inline drainP(p) {
  do
  :: len(P[p]) > 0 ->
     P[p]?<k,a,b,c>;
     if
     :: act == HANDLE && me == p -> act = 0; handle(p)
#ifndef NOEAGER
     :: !(act == HANDLE && me == p) && (k == ECHOED || k == RECORDED ||
        (k == PLAIN && (echo[p] || state[p] < HOLDING || unsure[p])) ||
        (k == SYNC && a != node[p] && state[p] < SYNCED) || (k == SYNC && a == node[p] && b != nonce[p]) ||
        (k == PLACE && (a != node[p] || !MY_NONCE(p,b)))) -> handle(p)
#endif
     :: else -> break
     fi
  :: else -> break
  od
}
/* Remove calls at the head that can no longer have any effect. */
inline drainC(nc) {
  do
  :: len(C[nc]) > 0 ->
     C[nc]?<k,x,y,z>; i = nc%N;
     if
     :: (k == DO_RECORD || k == DO_RECORD_OLD) && (y < era || (y == era && z <= last)) ->
        C[nc]?_,_,_,_;
        if :: k == DO_RECORD && ISNOW(nc,i) && state[i] == DOWN && z == newest[i] -> gaveup[i] = 1 :: else fi
     :: k == DO_PLACE && z/16 < era -> C[nc]?_,_,_,_
     :: (k <= ATTEND_S || k == DO_LEAVE) && !HEARD(x) && !(ISNOW(nc,i) && node[i] == x && state[i] > DOWN) ->
        C[nc]?_,_,_,_
     :: else -> break
     fi
  :: else -> break
  od
}

/* All synced nodes agree with each other and with the log. */
inline check() {
  for (w : 0 .. N-1) {
    if
    :: alive[w] && state[w] >= SYNCED && len(Q[w]) > 0 ->
       Q[w]?<v>;
       if
       :: myera[w] == era && last > 0 ->
          assert(v - FIRST(w) >= log - last)                 /* the same ordinals as in the log */
       :: else
       fi;
       for (g : 0 .. N-1) {
         if
         :: g > w && alive[g] && state[g] >= SYNCED && len(Q[g]) > 0 && myera[g] == myera[w] ->
            Q[g]?<k>;
            assert(k - FIRST(g) == v - FIRST(w))             /* the same ordinals on both */
         :: else
         fi
       }
    :: else
    fi
  }
#ifdef ANYFAULT                /* there is no member: what is not recorded may be lost */
  if
  :: !ANYGOOD -> excused = (BIT(plains+1)-1) & ~(BIT(log+1)-1)
  :: else
  fi
#else
  assert(!up || ANYGOOD)                                     /* the last member stays */
#endif
}

inline finish() {
  assert(plains == NR && durables == NS);
  for (w : 1 .. NR) {
    assert(w <= log || (excused & BIT(w)))                   /* nothing is lost */
  };
  assert(seat > 0 && LIVES(seat-1) && state[OWNER(seat-1)] == HOLDING);   /* a living node holds the seat */
  j = 0;
  for (x : 0 .. N-1) {
    assert(alive[x] && pup[x] && HEARD(node[x]));
    assert(len(Q[x]) == 0 && len(P[x]) == 0 && len(C[x]) == 0);           /* nothing is pending */
    if
    :: state[x] >= SYNCED ->
       assert(!echo[x] && newest[x] == last && myera[x] == era && MEMBER(node[x]));
       j++
    :: else ->
       assert(state[x] == WAITING)
    fi
  }
  assert(j == 2)                                             /* two are synced */
}

/* -------------------------------------------------------------------------------------------------- what can happen */

#define COVERS(p) (myera[p] == era && FIRST(p) <= last+1)
#define MINE(p) (seat == node[p]+1)
/* Would attending change anything? */
#define NEED(p) ( \
  (state[p] == WAITING && (standby == 0 || standby == node[p]+1)) || \
  (state[p] == JOINING && placeEra[p] == era && seat == 0 && !OTHERMEMBER(node[p])) || \
  (state[p] == JOINING && standby == 0 && !MINE(p) && !MEMBER(node[p])) || \
  (state[p] >= SYNCED && COVERS(p) && !MEMBER(node[p])) || \
  (state[p] == SYNCED && myera[p] == era && MINE(p)) || \
  (state[p] == SYNCED && myera[p] == era && seat == 0 && (COVERS(p) || !OTHERMEMBER(node[p]))) || \
  (state[p] == SYNCED && myera[p] == era && !MINE(p) && (standby == 0 || (standby != node[p]+1 && \
     ((COVERS(p) && STANDBY_YIELDS) || ONE_TOO_MANY(p))))) || \
  (state[p] >= SYNCED && myera[p] == era && len(P[p]) == 0 && len(Q[p]) > 0 && FIRST(p) <= last) || \
  (state[p] == HOLDING && myera[p] == era && (!MINE(p) || FIRST(p) > last+1)) )
#define UNPLACED(p) (alive[p] && pup[p] && (state[p] == ENTERING || state[p] == JOINING))
#if N == 2
#define ANYUNPLACED (UNPLACED(0) || UNPLACED(1))
#else
#define ANYUNPLACED (UNPLACED(0) || UNPLACED(1) || UNPLACED(2))
#endif
#define UNNOTICED(n) (HEARD(n) && !LIVES(n))

/* IF(guard, what, who): one thing that can happen. */
#define IF(guard,what,who) :: guard -> act = what; me = who
#define FAULT(guard,what,who) :: guard -> act = what; me = who; fb--; printf("FAULT: ")
#define ON_NODE(n) \
  IF(UNNOTICED(n), NOTICED, n) \
  IF(UNNOTICED(n) && MEMBER(n), MEMBER_ENDS, n)
#define ON_PROCESS(p) \
  IF(len(C[p]) > 0, EXEC, p) \
  IF(len(C[N+p]) > 0, EXEC, N+p) \
  IF(len(C[N+p]) > 0, FORGET_C, N+p) \
  IF(alive[p] && len(P[p]) > 0, HANDLE, p) \
  IF(alive[p] && role[p] > 0, OBEY, p) \
  IF(alive[p] && pup[p] && !asks[p] && NEED(p), ATTEND, p) \
  IF(alive[p] && at > 0 && state[p] >= WAITING && !asks[p], ATTEND, 128+p) \
  IF(alive[p] && pup[p] && state[p] == SUBSCRIBING, SUBSCRIBE, p) \
  IF(rt > 0 && UNPLACED(p), RESYNC, p) \
  IF(alive[p] && unsure[p], RESEND, p) \
  IF(alive[p] && gaveup[p], SUCCEED, p) \
  IF(alive[p] && !pup[p] && state[p] > DOWN, LOST_P, p) \
  IF(!alive[p], RESTART, p) \
  FAULT(CAN_CRASH && alive[p] && len(C[N+p]) == 0 && MAYFAIL(p), CRASH, p) \
  FAULT(CAN_CUT && alive[p] && pup[p] && MAYFAIL(p), CUT, p) \
  FAULT(CAN_LOSE_C && alive[p] && len(C[N+p]) == 0, LOSE_C, p) \
  FAULT(CAN_MEMBER && alive[p] && MEMBER(node[p]) && MAYFAIL(p), MEMBER_ENDS, node[p]) \
  FAULT(CAN_ERR && len(C[p]) > 0, FAIL, p) \
  FAULT(CAN_ERR && len(C[N+p]) > 0, FAIL, N+p)

inline happen() {
  if
  :: act == HANDLE -> skip    /* drainP does it */
  :: act == PUBLISH ->
     plains++; printf("PUBLISH %d\n",plains);
#ifndef ANYFAULT
     if :: ANYLISTENS -> skip :: else -> excused = excused | BIT(plains) fi;
#endif
     pub(PLAIN,plains,0,0)
  :: act == SEND ->
     durables++; printf("publish (durable) %d\n",durables);
     pub(ECHOED,0,0,0); pub(PLAIN,100+durables,0,0)
  :: act == EXEC -> exec(me)
  :: act == NOTICED -> printf("Redis notices that node %d is gone\n",me); noticed(me)
  :: act == MEMBER_ENDS -> printf("membership of node %d runs out\n",me); members = members & ~BIT(me)
  :: act == SEAT_ENDS -> printf("seat of node %d runs out\n",seat-1); seat = 0
  :: act == STANDBY_ENDS -> printf("standby of node %d runs out\n",standby-1); standby = 0
  :: act == OBEY -> obey(me)
  :: act == ATTEND -> if :: me >= 128 -> me = me-128; at--; printf("unasked: ") :: else fi; attend(me)
  :: act == SUBSCRIBE ->
     printf("process %d is subscribed\n",me);
     state[me] = ENTERING; changed(me); begun[me] = 1; sync(me)
  :: act == RESYNC -> rt--; sync(me)
  :: act == RESEND -> 
     unsure[me] = 0; b = (state[me] == DOWN -> ESTATE_ERA(me) : myera[me]); sendall(me,b)
  :: act == SUCCEED -> newnode(me)
  :: act == LOST_P -> printf("process %d notices that P is gone\n",me); lostP(me)
  :: act == CRASH ->
     printf("process %d crashes\n",me);
     alive[me] = 0; pup[me] = 0; emptyP(me); oldC(me); forget(me)
  :: act == RESTART -> printf("process %d starts\n",me); alive[me] = 1; newnode(me)
  :: act == CUT -> printf("P of process %d is cut\n",me); pup[me] = 0
  :: act == LOSE_C ->
     printf("C of process %d is lost\n",me);
     oldC(me); noanswer(me);
     if :: (state[me] == HOLDING && len(Q[me]) > 0) || (state[me] == DOWN && !gaveup[me]) -> unsure[me] = 1 :: else fi
  :: act == FORGET_C -> printf("the rest of the old C of process %d never comes\n",me-N); emptyC(me)
  :: act == FAIL -> fail(me)
  :: act == TIMERS ->
     rounds++;
     assert(rounds < 10);                                    /* syncs are answered */
     for (j : 0 .. N-1) { if :: UNPLACED(j) -> sync(j) :: else fi }
  :: act == FINISH -> finish()
  fi
}

init {
  d_step {
    for (j : 0 .. N-1) { alive[j] = 1; newnode(j) }
#ifndef COLD                   /* 0 holds, 1 stands by; with COLD there has been no era yet */
    era = 1; up = 1;
    state[0] = HOLDING; myera[0] = 1; seat = node[0]+1;
    state[1] = SYNCED; myera[1] = 1; standby = node[1]+1;
    members = BIT(node[0]) | BIT(node[1])
#endif
  }
  do
  :: atomic {
       if
       IF(plains < NR, PUBLISH, 0)
       IF(durables < NS, SEND, 0)
       ON_NODE(0) ON_NODE(1) ON_NODE(2) ON_NODE(3) ON_NODE(4) ON_NODE(5) ON_NODE(6) ON_NODE(7)
       ON_PROCESS(0) ON_PROCESS(1)
#if N > 2
       ON_NODE(8) ON_NODE(9) ON_NODE(10) ON_NODE(11) ON_PROCESS(2)
#endif
       IF(seat > 0 && !LIVES(seat-1), SEAT_ENDS, 0)
       IF(standby > 0 && !LIVES(standby-1), STANDBY_ENDS, 0)
       FAULT(CAN_SEAT && MAYLAPSE && seat > 0 && LIVES(seat-1), SEAT_ENDS, 0)
       FAULT(CAN_STANDBY && MAYLAPSE && standby > 0 && LIVES(standby-1), STANDBY_ENDS, 0)
       IF(timeout && ANYUNPLACED, TIMERS, 0)
       IF(timeout && !ANYUNPLACED, FINISH, 0)
       fi;
       d_step { happen(); skip };
       d_step { for (w : 0 .. N-1) { drainP(w) }; skip };
#if !defined(NOEAGER) && !defined(M_NO_ORDINAL_CHECK) && !defined(M_NO_ERA_CHECK)
       d_step { for (w : 0 .. 2*N-1) { drainC(w) }; skip };
#endif
       d_step { check(); skip };
       if :: act == FINISH -> break :: else fi
     }
  od
}
