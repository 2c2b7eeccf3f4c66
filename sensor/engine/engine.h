/*
 * engine/engine - one worker's whole way of a packet: decode ... judge.
 *
 * In: frames in order of time. Out: alerts and flow records through a table of
 * functions. Reads no clock: time comes with the frames, and with engine_idle. One
 * engine per thread; nothing is shared but the matrix, which is read only.
 */
#pragma once

#include "base/hash.h"
#include "capture/frame.h"
#include "engine/counters.h"
#include "engine/record.h"
#include "flow/flow.h"
#include "judge/action.h"
#include "judge/fold.h"
#include "judge/ledger.h"
#include "judge/names.h"
#include "judge/structure.h"

/* What may still become of a flow, for who holds its packets back. */
enum engine_standing {
	ENGINE_STANDING_OPEN = 0, /* still looked at: may yet turn out illegitimate */
	ENGINE_STANDING_SAFE, /* looked at, but nothing that is blocked may come of it */
	/* its client goes on for long and its server said nothing: the next word is that one's */
	ENGINE_STANDING_SILENT,
	ENGINE_STANDING_PASSED, /* nothing more will be found in its bytes */
	ENGINE_STANDING_BLOCKED,
	/* its sender is banned, and no row lets it: the connection is not to begin */
	ENGINE_STANDING_BANNED,
	/* cut off before, and forgotten here: the packet was dropped and not looked at */
	ENGINE_STANDING_ENDED,
	/* open, and this packet is none that an honest sender sends: not to be let by */
	ENGINE_STANDING_ODD,
	/* broken, or with more headers than are followed: nobody knows what it carries */
	ENGINE_STANDING_UNDECODED,
	/* its client is to wait for the server's first word: this packet was not looked at */
	ENGINE_STANDING_EARLY,
};

/* One packet of a flow, and where that stands behind it; all borrowed for the call. */
struct engine_passage {
	size_t frame;                /* its place among those given to engine_frames */
	const struct packet *packet; /* NULL: it was not decoded */
	const struct flow *flow;     /* NULL: none is known, of one that ended */
	enum engine_standing standing;
	enum action action;     /* when blocked */
	bool is_first_blocked;  /* this packet brought the decision */
	bool is_temporary;      /* when blocked: its sender may try again */
	bool is_sender_blocked; /* for sending where no row lets it */
	bool is_proven;   /* the client opened it and has bytes that its server sent */
	bool is_declared; /* a row of the matrix speaks of the client's group */
	bool is_from_client;
	/* up to where its receiver has the sender's bytes, and the sender the receiver's */
	struct flow_numbers received;
	struct flow_numbers given;
	bool is_undecided; /* when open: nobody knows yet what it is */
	/* when undecided or blocked: a number that its client's flows share */
	uint8_t holder;
};

struct engine_outputs {
	void *context;
	/* A finding, first seen or the update of a folded one. All borrowed for the call. */
	void (*alert)(void *context, const struct record *record, enum finding finding,
		const struct fold_count *count);
	/* A mail flow's end. */
	void (*mail)(void *context, const struct record *record);
	/*
	 * What a flow taught the ledger about its server, else NULL: to tell other ledgers.
	 * Borrowed for the call.
	 */
	void (*lesson)(void *context, const struct ledger_lesson *lesson);
	/* The same of what DNS said of a declared name. */
	void (*named)(void *context, const struct names_lesson *lesson);
	/* The same of who sent mail to whom ... */
	void (*moved)(void *context, const struct structure_lesson *lesson);
	/* ... and of a finding whose repeats other engines may have too. */
	void (*folded)(void *context, const struct fold_lesson *lesson);
	/*
	 * Or NULL. A flow is about to be judged at this moment: what other engines learnt
	 * before it may be waited for and told to this one.
	 */
	void (*judging)(void *context, uint64_t now_us);
	/* Inline, else NULL: where each TCP packet's flow stands behind it. */
	void *passage_context;
	void (*passage)(void *context, const struct engine_passage *passage);
	/* Or NULL; same context. Asked of who opens a connection to a mail port. */
	bool (*is_banned)(void *context, const struct address *client);
};

struct engine_settings {
	const struct matrix *matrix;
	struct lists *lists;                /* NULL: none; its hits are counted */
	const struct action_table *actions; /* NULL: watch only */
	struct hash_seed seed;
	uint32_t flows;
	uint32_t watched;
	uint64_t fold_window_us;
	bool is_verifying_checksums;
	bool is_second_opinion_wanted;
	bool is_every_reason_wanted; /* else only flows with a finding get their texts */
	const char *host;            /* of the records */
	const char *event_prefix;    /* of the event ids */
	const char *const *source_names; /* by frame.source: file names */
	bool is_live; /* source_names are interfaces, frames come as they were stamped */
};

#define ENGINE_LEDGER_SERVERS 16384 /* about 1 KiB each, touched when used */

struct engine; /* opaque */
struct shunt;  /* capture/shunt */

/* What an engine takes at most: so many flows, so many of them watched, all shared parts full. */
uint64_t engine_bytes(uint32_t flows, uint32_t watched);

struct engine *engine_new(const struct engine_settings *settings,
	const struct engine_outputs *outputs, struct reason *why);
void engine_free(struct engine *engine);

/* Taken together their way through memory is shorter; more only means several rounds. */
#define ENGINE_FRAMES_AT_ONCE 32

void engine_frames(struct engine *engine, const struct frame *frames, size_t count);

/*
 * No frame at hand: time goes on, so that flows idle too long end and what was folded
 * is told when its window is over. As often as once a second is enough.
 */
void engine_idle(struct engine *engine, uint64_t now_us);

/* Between frames: judge by another matrix from here on. What was folded is told first. */
void engine_set_matrix(struct engine *engine, const struct matrix *matrix);

/* The same of lists, or NULL: none. */
void engine_set_lists(struct engine *engine, struct lists *lists);
/* The kernel may count decided flows in the engine's place; borrowed. NULL: it does not. */
void engine_set_shunt(struct engine *engine, struct shunt *shunt);

/* Have what it counted added to flows and counters. As often as twice a second is enough. */
void engine_take_shunted(struct engine *engine, uint64_t now_us);

/* Bytes of all frames, as they were on the wire. */
uint64_t engine_frame_bytes(const struct engine *engine);

/* Flows in the table now. */
uint32_t engine_flows(const struct engine *engine);

/*
 * The frames' clock (engine/timeline) at the frame taken last; 0 before the first. It
 * stands still while none come, so that its distance from the real time is a lag.
 */
uint64_t engine_taken_us(const struct engine *engine);

/*
 * The engine's clock, by which it judges, ends and folds: the frames', and while none
 * come that of engine_idle. The next frame may set it back to the frames' clock.
 */
uint64_t engine_now_us(const struct engine *engine);

/*
 * End of input: every flow ends, then what was folded is reported; in between
 * engine_outputs.judging is told of the end of time.
 */
void engine_drain(struct engine *engine);

/* What is known of each server; the engine's own, to be loaded before and saved behind. */
struct ledger *engine_ledger(struct engine *engine);

/* What hosts are called, to learn what other engines were told. */
struct names *engine_names(struct engine *engine);

/* It was loaded: which of its servers the matrix declares. */
void engine_ledger_loaded(struct engine *engine);

/* Who sent mail to whom, to learn what other engines were told. */
struct structure *engine_structure(struct engine *engine);

/* Another engine had this: repeats of both are folded together. */
void engine_hear_folded(struct engine *engine, const struct fold_lesson *lesson);

/* Number for the next event id. */
uint64_t engine_next_sequence(struct engine *engine);

/*
 * Nine in ten packets came in by tunnels that the matrix does not declare: likely how the
 * capture reached its file. *way: the one seen last.
 */
bool engine_is_all_in_tunnels(const struct engine *engine, struct way *way);

/* Of the packets that open flows: whose checksums were right, wrong, left to a network card. */
struct engine_sums {
	uint64_t right;
	uint64_t wrong;
	uint64_t offloaded;
};

/* Segments that no receiver is sure to take, and what came of them. */
struct engine_decoys {
	uint64_t set_aside;
	uint64_t not_taken; /* of these */
	uint64_t ambiguous; /* flows of which nobody can say what was taken */
};

struct engine_decoys engine_decoys(const struct engine *engine);

struct engine_sums engine_sums(const struct engine *engine);

/* Alerts given out so far. */
uint64_t engine_alert_count(const struct engine *engine);
