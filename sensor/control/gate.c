#include "control/gate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/quota.h"
#include "engine/answer.h"

#include <poll.h>
#include <stdlib.h>

#define US_PER_MS UINT64_C(1000)
#define US_PER_S  UINT64_C(1000000)

#define DRAIN_COPIES_MS 20 /* longer than the kernel gathers them */
#define DRAIN_ROUNDS    50 /* traffic may never pause */

/* One holder holds at most this part, so that no flood lets go what others hold. */
#define HOLDER_SHARE 4
/* By their number, and whoever completed no handshake: he may be anybody. */
#define HOLDERS_KNOWN   (UINT8_MAX + 1)
#define HOLDERS_UNKNOWN HOLDERS_KNOWN
#define HOLDERS         (HOLDERS_KNOWN + 1)

_Static_assert(NFLOG_FRAMES_AT_ONCE <= QUEUE_PACKETS_AT_ONCE, "decisions have places");

/*
 * Connections whose ends are told a second. Who is past that is stopped in silence, and
 * told when it goes on: a flood costs no more than its packets.
 */
#define ANSWERED_OF_SENDER 500
#define ANSWERED           5000
#define ANSWERED_UNKNOWN   1000 /* that completed no handshake: all of them */

enum verdict_given {
	VERDICT_GIVEN_PASS = 0,
	VERDICT_GIVEN_PASS_MARKED,
	VERDICT_GIVEN_PASS_COPIED,
	VERDICT_GIVEN_PASS_SILENT,
	VERDICT_GIVEN_HOLD,
	VERDICT_GIVEN_DROP,
	VERDICT_GIVEN_END, /* and what follows of its connection */
};

/* One direction of a flow, as a held packet remembers it. */
struct line {
	uint32_t flow_hash;
	uint16_t src_port;
	uint16_t dst_port;
};

struct held {
	struct line line;
	uint32_t id;
	uint32_t sequence;
	uint64_t until_us;
	uint16_t holder;
};

/* What becomes of the packet at this place of the batch. */
struct decision {
	enum verdict_given verdict;
	struct line line;  /* to be held */
	uint32_t sequence; /* same */
	uint16_t holder;   /* same */
	uint32_t mark;     /* to end with */
};

struct gate {
	struct gate_settings settings;
	struct queue *queue;
	struct injector *injector;
	struct gate_counters counters;
	bool is_gone;
	bool is_copy;    /* the packets at hand have gone on already */
	uint64_t now_us; /* since the machine started: what is set has no say */
	struct decision decisions[QUEUE_PACKETS_AT_ONCE];
	struct held *held; /* in the order they came */
	uint32_t held_count;
	uint32_t held_by[HOLDERS];
	struct quota answered;
	struct quota answered_unknown;
};

/* --- held packets --- */

static struct line line_of(const struct engine_passage *passage)
{
	return (struct line){.flow_hash = passage->flow->hash,
		.src_port = passage->packet->src_port,
		.dst_port = passage->packet->dst_port};
}

static bool is_same_flow(const struct line *a, const struct line *b)
{
	return a->flow_hash == b->flow_hash &&
	       ((a->src_port == b->src_port && a->dst_port == b->dst_port) ||
		       (a->src_port == b->dst_port && a->dst_port == b->src_port));
}

static void forget_held(struct gate *gate, uint32_t i)
{
	gate->held_by[gate->held[i].holder]--;
	gate->held_count--;
	for (; i < gate->held_count; i++) {
		gate->held[i] = gate->held[i + 1];
	}
	if (gate->held_count == 0) {
		queue_hold(gate->queue, false);
	}
}

static void let_oldest_go(struct gate *gate)
{
	gate->counters.held_late++;
	queue_accept(gate->queue, gate->held[0].id, 0);
	forget_held(gate, 0);
}

static void hold(struct gate *gate, uint32_t id, const struct decision *decision)
{
	const uint32_t held = gate->held_by[decision->holder];
	if (held > 0 && held >= gate->settings.hold_packets / HOLDER_SHARE) {
		gate->counters.held_late++;
		queue_accept(gate->queue, id, 0);
		return;
	}
	if (gate->held_count == gate->settings.hold_packets) {
		let_oldest_go(gate);
	}
	if (gate->held_count == 0) {
		queue_hold(gate->queue, true);
	}
	gate->counters.held++;
	gate->held[gate->held_count++] = (struct held){.line = decision->line,
		.id = id,
		.sequence = decision->sequence,
		.holder = decision->holder,
		.until_us = gate->now_us + gate->settings.hold_ms * US_PER_MS};
	gate->held_by[decision->holder]++;
}

/* The flow is decided: its held packets share its fate. */
static void settle_held(struct gate *gate, struct line line, bool is_passing)
{
	for (uint32_t i = 0; i < gate->held_count;) {
		if (!is_same_flow(&gate->held[i].line, &line)) {
			i++;
			continue;
		}
		if (is_passing) {
			queue_accept(gate->queue, gate->held[i].id, 0);
		} else {
			queue_drop(gate->queue, gate->held[i].id);
		}
		forget_held(gate, i);
	}
}

/* The first bytes of the packet's sender that were held back, else the packet's own. */
static uint32_t first_missing(
	const struct gate *gate, const struct line *line, const struct packet *packet)
{
	for (uint32_t i = 0; i < gate->held_count; i++) {
		const struct held *held = &gate->held[i];
		if (held->line.src_port == line->src_port &&
			is_same_flow(&held->line, line)) {
			return held->sequence;
		}
	}
	return packet->sequence;
}

/* Each by its own time, whatever is in front of it. */
static void look_at_time(struct gate *gate)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < gate->held_count; i++) {
		if (gate->held[i].until_us > gate->now_us) {
			gate->held[kept++] = gate->held[i];
			continue;
		}
		gate->counters.held_late++;
		gate->held_by[gate->held[i].holder]--;
		queue_accept(gate->queue, gate->held[i].id, 0);
	}
	gate->held_count = kept;
	if (kept == 0) {
		queue_hold(gate->queue, false);
	}
}

static uint64_t first_due_us(const struct gate *gate)
{
	uint64_t due_us = UINT64_MAX;
	for (uint32_t i = 0; i < gate->held_count; i++) {
		const uint64_t until_us = gate->held[i].until_us;
		due_us = until_us < due_us ? until_us : due_us;
	}
	return due_us;
}

/* --- decisions --- */

/* Nothing of ours finds its way into the tunnel of the packet that is answered. */
static void send_answers(
	struct gate *gate, const struct packet *packet, const struct answers *answers)
{
	for (size_t i = 0; packet->way == 0 && i < answers->count; i++) {
		if (inject_send(gate->injector, &answers->list[i])) {
			gate->counters.injected++;
		} else {
			gate->counters.inject_errors++;
		}
	}
}

/* Not for what anybody may have sent in its name, and not whom the matrix speaks of. */
static bool is_to_be_banned(
	const struct gate *gate, const struct engine_passage *passage)
{
	const struct gate_policy *policy = gate->settings.policy;
	return policy->ban_s > 0 && passage->is_sender_blocked && passage->is_proven &&
	       (policy->is_banning_declared || !passage->is_declared);
}

static bool is_answered(struct gate *gate, const struct engine_passage *passage)
{
	struct quota *quota =
		passage->flow->syns == 3 ? &gate->answered : &gate->answered_unknown;
	quota_begin(quota, passage->holder, gate->now_us);
	const bool is_within = quota_take(quota);
	gate->counters.unanswered += !is_within;
	return is_within;
}

static void block(struct gate *gate, const struct engine_passage *passage)
{
	const struct line line = line_of(passage);
	struct answers answers;
	if (gate->is_copy) {
		answer_block_behind(passage, &answers);
	} else {
		answer_block(
			passage, first_missing(gate, &line, passage->packet), &answers);
	}
	settle_held(gate, line, false);
	if (is_answered(gate, passage)) {
		send_answers(gate, passage->packet, &answers);
	}
	gate->decisions[passage->frame].verdict =
		passage->packet->way == 0 ? VERDICT_GIVEN_END : VERDICT_GIVEN_DROP;
	gate->decisions[passage->frame].mark =
		passage->action == ACTION_DROP ? GATE_MARK_ENDED : GATE_MARK_ENDED_MASK;
	if (!passage->is_first_blocked) {
		return;
	}
	gate->counters.blocked_flows++;
	if (is_to_be_banned(gate, passage)) {
		const struct flow *flow = passage->flow;
		const struct ban_cause cause = {.address = flow->address[flow->client],
			.server = flow->address[!flow->client],
			.server_port = flow->port[!flow->client]};
		(void)bans_add(gate->settings.bans, &cause, gate->now_us,
			gate->now_us + gate->settings.policy->ban_s * US_PER_S);
	}
}

static bool is_banned(void *context, const struct address *client)
{
	const struct gate *gate = (const struct gate *)context;
	return bans_has(gate->settings.bans, client, gate->now_us);
}

static void reset_sender(struct gate *gate, const struct packet *packet)
{
	struct answers answers;
	answer_reset(packet, &answers);
	send_answers(gate, packet, &answers);
}

static void on_banned(struct gate *gate, const struct engine_passage *passage)
{
	reset_sender(gate, passage->packet);
	gate->decisions[passage->frame].verdict = VERDICT_GIVEN_DROP;
	gate->counters.blocked_banned++;
}

static void on_open(struct gate *gate, const struct engine_passage *passage)
{
	struct decision *decision = &gate->decisions[passage->frame];
	if (passage->is_undecided && !passage->is_from_client) {
		return; /* a greeting: its client waits for it to say what decides */
	}
	if (gate->settings.hold_packets > 0 && passage->packet->payload_wire_len > 0 &&
		passage->is_undecided) {
		*decision = (struct decision){.verdict = VERDICT_GIVEN_HOLD,
			.line = line_of(passage),
			.holder = passage->flow->syns == 3 ? passage->holder
							   : HOLDERS_UNKNOWN,
			.sequence = passage->packet->sequence};
	} else if (gate->held_count > 0 && !passage->is_undecided) {
		settle_held(gate, line_of(passage), true);
	}
}

/*
 * Decided: its own verdict, and what was held of it goes on. Out of a tunnel it passes
 * without a mark: the mark would be the outer connection's, and speak for all inside.
 */
static void pass(struct gate *gate, const struct engine_passage *passage,
	enum verdict_given verdict)
{
	gate->decisions[passage->frame].verdict =
		passage->packet->way != 0 ? VERDICT_GIVEN_PASS : verdict;
	if (gate->held_count > 0) {
		settle_held(gate, line_of(passage), true);
	}
}

/* Who enforces lets nothing by that its receiver may read otherwise than we. */
static void on_undecoded(struct gate *gate, const struct engine_passage *passage)
{
	if (gate->settings.policy->is_enforcing) {
		gate->decisions[passage->frame].verdict = VERDICT_GIVEN_DROP;
		gate->counters.undecoded++;
	}
}

static void on_passage(void *context, const struct engine_passage *passage)
{
	struct gate *gate = (struct gate *)context;
	switch (passage->standing) {
	case ENGINE_STANDING_OPEN:
		on_open(gate, passage);
		break;
	case ENGINE_STANDING_SAFE:
		pass(gate, passage,
			gate->settings.log ? VERDICT_GIVEN_PASS_COPIED
					   : VERDICT_GIVEN_PASS);
		break;
	case ENGINE_STANDING_SILENT:
		pass(gate, passage, VERDICT_GIVEN_PASS_SILENT);
		break;
	case ENGINE_STANDING_PASSED:
		pass(gate, passage, VERDICT_GIVEN_PASS_MARKED);
		break;
	case ENGINE_STANDING_BLOCKED:
		block(gate, passage);
		break;
	case ENGINE_STANDING_BANNED:
		on_banned(gate, passage);
		break;
	case ENGINE_STANDING_ENDED:
		reset_sender(gate, passage->packet);
		break;
	case ENGINE_STANDING_UNDECODED:
		on_undecoded(gate, passage);
		break;
	case ENGINE_STANDING_EARLY:
		gate->decisions[passage->frame].verdict = VERDICT_GIVEN_DROP;
		gate->counters.kept_early++;
		break;
	case ENGINE_STANDING_ODD:
		gate->decisions[passage->frame].verdict = VERDICT_GIVEN_DROP;
		gate->counters.kept_odd++;
		break;
	}
}

static void answer_packet(struct gate *gate, const struct queue_packet *packet,
	const struct decision *decision)
{
	switch (decision->verdict) {
	case VERDICT_GIVEN_PASS:
		queue_accept(gate->queue, packet->id, 0);
		break;
	case VERDICT_GIVEN_PASS_MARKED:
		gate->counters.passed_marked++;
		queue_accept(gate->queue, packet->id, packet->mark | GATE_MARK_PASSED);
		break;
	case VERDICT_GIVEN_PASS_COPIED:
		gate->counters.copied_marked++;
		queue_accept(gate->queue, packet->id,
			(packet->mark & ~GATE_MARK_COPIED_MASK) |
				gate->settings.copied_mark);
		break;
	case VERDICT_GIVEN_PASS_SILENT:
		gate->counters.silent_marked++;
		queue_accept(gate->queue, packet->id, packet->mark | GATE_MARK_SILENT);
		break;
	case VERDICT_GIVEN_HOLD:
		hold(gate, packet->id, decision);
		break;
	case VERDICT_GIVEN_DROP:
		queue_drop(gate->queue, packet->id);
		break;
	case VERDICT_GIVEN_END:
		queue_repeat(gate->queue, packet->id,
			(packet->mark & ~GATE_MARK_ENDED_MASK) | decision->mark);
		break;
	}
}

struct round {
	struct gate *gate;
	struct engine *engine;
};

/* Packets that are new here: one that we ended comes again where the rules do not know its mark. */
struct fresh {
	size_t count;
	struct queue_packet packets[QUEUE_PACKETS_AT_ONCE];
	struct frame frames[QUEUE_PACKETS_AT_ONCE];
};

static void take_fresh(struct gate *gate, const struct queue_packet *packets,
	size_t count, struct fresh *fresh)
{
	fresh->count = 0;
	for (const struct queue_packet *at = packets; at < packets + count; at++) {
		if (at->mark & GATE_MARK_ENDED) {
			queue_drop(gate->queue, at->id);
			continue;
		}
		gate->decisions[fresh->count] = (struct decision){0};
		fresh->frames[fresh->count] = at->frame;
		fresh->packets[fresh->count++] = *at;
	}
}

/* One packet at a time where some are held: a later one may decide about it. */
static void on_packets(void *context, const struct queue_packet *packets, size_t count)
{
	const struct round *round = (const struct round *)context;
	struct gate *gate = round->gate;
	const size_t step = gate->settings.hold_packets > 0 ? 1 : count;
	gate->now_us = clock_boottime_us();
	for (size_t first = 0; first < count; first += step) {
		struct fresh fresh;
		take_fresh(gate, packets + first, step, &fresh);
		engine_frames(round->engine, fresh.frames, fresh.count);
		for (size_t i = 0; i < fresh.count; i++) {
			answer_packet(gate, &fresh.packets[i], &gate->decisions[i]);
		}
	}
}

/* They need no verdict; what is decided of the flow is acted on all the same. */
static void on_copies(void *context, const struct frame *frames, size_t count)
{
	const struct round *round = (const struct round *)context;
	struct gate *gate = round->gate;
	gate->now_us = clock_boottime_us();
	gate->is_copy = true;
	engine_frames(round->engine, frames, count);
	gate->is_copy = false;
}

/* --- life --- */

struct gate *gate_new(const struct gate_settings *settings, struct reason *why)
{
	struct gate *gate = calloc(1, sizeof(*gate));
	if (!gate) {
		(void)reason_set(why, "no memory for a gate");
		return NULL;
	}
	gate->settings = *settings;
	gate->queue = settings->queue;
	gate->answered = (struct quota){.each = ANSWERED_OF_SENDER, .all = ANSWERED};
	gate->answered_unknown =
		(struct quota){.each = ANSWERED_UNKNOWN, .all = ANSWERED_UNKNOWN};
	gate->held = calloc(settings->hold_packets + 1U, sizeof(*gate->held));
	if (!gate->held) {
		(void)reason_set(why, "no memory for held packets");
		gate_close(gate);
		return NULL;
	}
	gate->injector = inject_open(GATE_MARK_INJECTED | GATE_MARK_ENDED_MASK, why);
	if (!gate->injector) {
		gate_close(gate);
		return NULL;
	}
	return gate;
}

void gate_close(struct gate *gate)
{
	if (!gate) {
		return;
	}
	inject_close(gate->injector);
	free(gate->held);
	free(gate);
}

void gate_attach(struct gate *gate, struct engine_outputs *outputs)
{
	outputs->passage_context = gate;
	outputs->passage = on_passage;
	outputs->is_banned = is_banned;
}

static void lose(struct gate *gate, const struct reason *why)
{
	gate->is_gone = true;
	log_line(LOG_LEVEL_ERROR, "gate", "%s", why->text);
}

static bool dispatch_copies(struct gate *gate, struct round *round)
{
	struct reason why = {.text = ""};
	if (!gate->settings.log) {
		return false;
	}
	const enum nflog_result result =
		nflog_dispatch(gate->settings.log, on_copies, round, &why);
	if (result == NFLOG_GONE) {
		lose(gate, &why);
	}
	return result == NFLOG_FRAMES;
}

/* The queue first: what was copied came behind what waited of the same flow. */
bool gate_dispatch(struct gate *gate, struct engine *engine)
{
	struct round round = {.gate = gate, .engine = engine};
	struct reason why = {.text = ""};
	if (gate->is_gone) {
		return false;
	}
	const enum queue_result result =
		queue_dispatch(gate->queue, on_packets, &round, &why);
	if (result == QUEUE_GONE) {
		lose(gate, &why);
	}
	const bool has_copies = dispatch_copies(gate, &round);
	if (gate->held_count > 0) {
		gate->now_us = clock_boottime_us();
		look_at_time(gate);
		queue_flush(gate->queue);
	}
	return result == QUEUE_PACKETS || has_copies;
}

void gate_wait(const struct gate *gate, int timeout_ms)
{
	const struct nflog *log = gate->settings.log;
	struct pollfd list[2] = {{.fd = queue_fd(gate->queue), .events = POLLIN},
		{.fd = log ? nflog_fd(log) : -1, .events = POLLIN}};
	if (gate->held_count > 0) {
		const uint64_t now_us = clock_boottime_us();
		const uint64_t until_us = first_due_us(gate);
		const uint64_t left_ms =
			until_us > now_us ? (until_us - now_us) / US_PER_MS + 1 : 0;
		timeout_ms = left_ms < (uint64_t)timeout_ms ? (int)left_ms : timeout_ms;
	}
	(void)poll(list, sizeof(list) / sizeof(list[0]), timeout_ms);
}

static void drain_copies(struct gate *gate, struct engine *engine)
{
	struct round round = {.gate = gate, .engine = engine};
	struct pollfd list = {.fd = nflog_fd(gate->settings.log), .events = POLLIN};
	unsigned rounds = 0;
	while (rounds < DRAIN_ROUNDS && poll(&list, 1, DRAIN_COPIES_MS) > 0 &&
		dispatch_copies(gate, &round)) {
		rounds++;
	}
}

void gate_drain(struct gate *gate, struct engine *engine)
{
	while (gate->held_count > 0) {
		gate->counters.held_late++;
		queue_let_go(gate->queue, gate->held[0].id);
		forget_held(gate, 0);
	}
	queue_flush(gate->queue);
	queue_leave(gate->queue);
	if (gate->settings.log && !gate->is_gone) {
		drain_copies(gate, engine);
	}
}

bool gate_is_gone(const struct gate *gate)
{
	return gate->is_gone;
}

void gate_counters(const struct gate *gate, struct gate_counters *counters)
{
	*counters = gate->counters;
	queue_counters(gate->queue, &counters->queue);
	if (gate->settings.log) {
		nflog_counters(gate->settings.log, &counters->log);
	}
}
