/* The launch protocol between two nodes, one store and one target, for Spin; run by launch_model.py.
 *
 * Two nodes take ownership from each other by a fencing epoch that every append checks. A node may
 * be killed anywhere, or merely be slow: the interleavings contain every pause, above all the one
 * between the durable SENDING and the write. Two attempts. The target accepts a request or drops it,
 * whenever it likes, and its answer arrives or is lost.
 *
 * Time is one assumption: when absence is proven, deadline and quiescence have passed since the
 * taker came, so no request is on its way any more and no permission to send is still valid.
 *   -DCLASS_A   the target drops doubles of the key; otherwise class B: marker and search
 *   -DLATE      the target may commit later than the quiescence: the assumption is dropped for it
 *   -DNO_DEADLINE  a paused node writes however late it wakes
 *   -DNO_FENCE     appends do not check the epoch
 *   -DNO_RECORD    the request leaves before SENDING is durable
 */
#define NODES 2
#define ATTEMPTS 2
#define TAKEOVERS 3
#define ON_WAY 2        /* requests of one node under way at a time */

mtype = { prepared, sending, searching, confirmed, parked };
mtype = { none, yes, lost, refused };

/* the store */
mtype phase = prepared;
byte attempt = 1;
byte epoch = 0;

/* the target */
byte accepted = 0;      /* jobs started */
byte on_way[NODES];     /* requests under way, by sender: the target has not decided yet */
mtype answer[NODES];

bool may_send[NODES];   /* SENDING is durable, the send deadline is not over */
byte takeovers = 0;

#ifdef LATE
#define QUIET true
#else
#define QUIET (on_way[0] == 0 && on_way[1] == 0)
#endif

#ifdef CLASS_A
#define SAME_KEY (accepted > 0)
#else
#define SAME_KEY false
#endif

#ifdef NO_FENCE
#define OWNED true
#else
#define OWNED (epoch == mine)
#endif

inline decide(n) {
  if
  :: true -> /* commit */
     if
     :: SAME_KEY -> skip
     :: else -> accepted++
     fi;
     if
     :: answer[n] = yes
     :: answer[n] = lost
     fi
  :: true -> /* drop it: refused for certain, or silently */
     if
     :: answer[n] = refused
     :: answer[n] = lost
     fi
  fi;
  on_way[n]--;
  assert(accepted <= 1)
}

proctype target() {
end:
  do
  :: atomic { on_way[0] > 0 -> decide(0) }
  :: atomic { on_way[1] > 0 -> decide(1) }
  od
}

/* a record: refused when the epoch is another's, else what this node believes becomes the truth */
#define APPEND(new_phase, new_attempt) \
  atomic { \
    if \
    :: OWNED -> my_phase = new_phase; my_attempt = new_attempt; phase = my_phase; attempt = my_attempt \
    :: else -> goto idle \
    fi \
  }

proctype node(byte me) {
  byte mine = 0;
  mtype my_phase; /* the folded state: what the node decides on, however old it is */
  byte my_attempt;
  bool sent;

idle:
  may_send[me] = false;
  answer[me] = none;
end_idle:
  atomic { /* take over, fold the records, and `recovered` */
    takeovers < TAKEOVERS -> takeovers++;
    epoch++;
    mine = epoch;
    my_attempt = attempt;
    my_phase = phase;
#ifndef CLASS_A
    if
    :: phase == sending -> my_phase = searching; phase = searching
    :: else
    fi
#endif
  }

act:
  if
  :: goto idle /* killed */
  :: my_phase == prepared || my_phase == sending -> goto launch
  :: my_phase == searching -> goto look
  :: my_phase == confirmed || my_phase == parked -> goto done
  fi;

launch:
#ifdef NO_RECORD
  atomic { on_way[me] < ON_WAY -> on_way[me]++ };
  if
  :: goto idle
  :: skip
  fi;
#endif
  APPEND(sending, my_attempt);
  atomic { may_send[me] = OWNED; answer[me] = none };
  if
  :: goto idle /* killed before the write */
  :: skip      /* or paused here for as long as it likes */
  fi;
#ifdef NO_RECORD
  sent = true;
#else
  atomic { /* the target always goes on, so this never waits for ever */
    on_way[me] < ON_WAY ->
    if
#ifdef NO_DEADLINE
    :: true -> on_way[me]++; sent = true
#else
    :: may_send[me] -> on_way[me]++; sent = true
    :: else -> sent = false /* the deadline is over: it does not write */
#endif
    fi;
    may_send[me] = false
  }
#endif
  if
  :: goto idle
  :: !sent -> goto ambiguous
  :: sent && answer[me] == yes -> goto confirm
  :: sent && answer[me] == lost -> goto ambiguous
  :: sent && answer[me] == refused -> goto again
  :: sent -> goto ambiguous /* the client's own deadline */
  fi;

confirm:
  APPEND(confirmed, my_attempt);
  goto done;

again: /* certainly not done: the next attempt; class A keeps the key whatever the attempt */
  if
#ifdef CLASS_A
  :: APPEND(sending, my_attempt)
#else
  :: my_attempt < ATTEMPTS -> APPEND(prepared, my_attempt + 1)
  :: my_attempt == ATTEMPTS -> APPEND(parked, my_attempt)
#endif
  fi;
  goto act;

ambiguous:
#ifdef CLASS_A
  APPEND(sending, my_attempt);
#else
  APPEND(searching, my_attempt);
#endif
  goto act;

look: /* a listing by marker */
  if
  :: goto idle
  :: accepted > 0 -> goto confirm /* adopt */
  :: atomic {
       accepted == 0 && QUIET -> may_send[1 - me] = false /* issued before: its deadline is over */
     };
     if
     :: goto idle
     :: skip
     fi;
     goto again
  fi;

done:
  skip
}

init {
  atomic {
    answer[0] = none;
    answer[1] = none;
    run target();
    run node(0);
    run node(1)
  }
}
