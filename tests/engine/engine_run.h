/*
 * tests/engine/engine_run - an engine, frames made for it, and what it gave out.
 *
 * A line is one connection: it counts its sequence numbers itself. Every frame is given
 * as an exact heap copy, so that reads beyond it are seen.
 */
#pragma once

#include "../decode/frame_bytes.h"
#include "../judge/made_flow.h"
#include "engine/conversation.h"

#include <netinet/in.h>

#define SECOND_US      UINT64_C(1000000)
#define FOLD_WINDOW_US (60 * SECOND_US)
#define TOLD_MAX       64

enum { LINK_RAW_IP = 12, LINK_OF_ETHERNET = 1 };

enum told_kind { TOLD_ALERT, TOLD_MAIL };

/* What stays of a record behind the call. */
struct told {
	enum told_kind kind;
	enum finding finding; /* of an alert */
	enum protocol protocol;
	enum verdict verdict;
	uint32_t count; /* of an alert: flows folded into it */
	uint32_t gaps;
	uint32_t recipients;
	uint16_t client_port;
	uint64_t sequence;
	uint64_t flow_id;
	uint64_t time_us;
	bool is_repeat;
	bool is_blocked;
	bool is_audited;
	bool is_udp;
	uint8_t tunnel_depth;
	uint32_t way;
	char source[ADDRESS_TEXT_BYTES]; /* of the packets told of */
	char from[32];                   /* its group or zone */
	char to_name[64];                /* what DNS called the server, or "" */
	struct record_ether ether[2];
	const char *state;
	char row[16];
	char reason[JUDGEMENT_REASON_BYTES];
	uint32_t hosts;    /* of an alert: fold_count */
	uint64_t findings; /* the same: with those of one cause, FINDING_BIT of each */
	uint64_t accepted; /* of the flow's */
	char evidence[64];
	char opinion[64];
};

struct engine_run {
	struct matrix *matrix;
	struct engine_settings settings;
	struct action_table actions;
	struct engine *engine;
	uint64_t now_us;        /* of the next frame */
	bool is_ended_by_rules; /* the next frames are of what was ended */
	bool is_returned;       /* the next frames leave by where they came in */
	/* outer ends of IP in IP around every segment, by side; NULL: on the wire */
	const char *outer[2];
	size_t told_count;
	struct told told[TOLD_MAX];
	size_t lessons;
	const char *banned; /* an address, or NULL */
	size_t passages;
	/* of the packet told last: its flow and that flow's conversation */
	struct engine_passage passage;
	enum conversation_phase phase;
	struct way way;   /* that conversation's */
	bool is_ethernet; /* the next frames have addresses: see wrap_link */
};

static inline void copy_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from ? from : "");
}

static inline struct told *keep(struct engine_run *run, const struct record *record)
{
	assert_true(run->told_count < TOLD_MAX);
	struct told *told = &run->told[run->told_count++];
	const struct judgement *judgement = record->judgement;
	*told = (struct told){.protocol = record->observation->protocol,
		.verdict = judgement->verdict,
		.client_port = record->observation->client_port,
		.sequence = record->sequence,
		.flow_id = record->flow_id,
		.time_us = record->time_us,
		.is_repeat = record->is_repeat,
		.is_blocked = record->is_blocked,
		.is_audited = record->is_audited,
		.is_udp = record->observation->transport == IPPROTO_UDP,
		.tunnel_depth = record->observation->way.depth,
		.way = record->observation->way.tag,
		.accepted = judgement->accepted,
		.state = record->state};
	memcpy(told->ether, record->ether, sizeof(told->ether));
	(void)address_text(&record_wire(record)->client, told->source);
	copy_text(told->from, sizeof(told->from), record_end_name(&judgement->from));
	copy_text(told->to_name, sizeof(told->to_name),
		record->observation->names[1].count > 0
			? record->observation->names[1].text[0]
			: "");
	if (record->observation->facts) {
		told->gaps = record->observation->facts->gaps;
		told->recipients = record->observation->facts->rcpt_count;
	}
	copy_text(told->row, sizeof(told->row),
		judgement->row ? judgement->row->id : NULL);
	copy_text(told->reason, sizeof(told->reason), judgement->reason);
	copy_text(told->evidence, sizeof(told->evidence), record->evidence);
	copy_text(told->opinion, sizeof(told->opinion), record->second_opinion);
	return told;
}

static inline void on_alert(void *context, const struct record *record,
	enum finding finding, const struct fold_count *count)
{
	struct told *told = keep(context, record);
	told->kind = TOLD_ALERT;
	told->finding = finding;
	told->count = count->count;
	told->hosts = count->hosts;
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		told->findings |= count->of[i] > 0 ? FINDING_BIT(i) : 0;
	}
}

static inline void on_mail(void *context, const struct record *record)
{
	keep(context, record)->kind = TOLD_MAIL;
}

static inline void on_lesson(void *context, const struct ledger_lesson *lesson)
{
	struct engine_run *run = context;
	assert_true(ledger_lesson_is_sound(lesson));
	run->lessons++;
}

static inline void on_passage(void *context, const struct engine_passage *passage)
{
	struct engine_run *run = context;
	const struct conversation *conversation =
		passage->flow ? flow_area(run->engine->flows, passage->flow) : NULL;
	run->passages++;
	run->passage = *passage;
	run->phase = conversation ? conversation->phase : CONVERSATION_GONE;
	run->way = conversation ? conversation->way : (struct way){0};
}

static inline bool on_is_banned(void *context, const struct address *client)
{
	const struct engine_run *run = context;
	if (!run->banned) {
		return false;
	}
	const struct address banned = made_address(run->banned);
	return address_equal(client, &banned);
}

/* A watcher with a small table; change .settings before run_start. */
static inline struct engine_run *run_new(const char *matrix)
{
	struct engine_run *run = calloc(1, sizeof(*run));
	assert_non_null(run);
	run->matrix = made_matrix(matrix);
	run->now_us = NOW_US;
	run->settings = (struct engine_settings){.matrix = run->matrix,
		.seed = {{1, 2}},
		.flows = 64,
		.watched = 16,
		.fold_window_us = FOLD_WINDOW_US,
		.host = "sensor",
		.event_prefix = "test"};
	return run;
}

static inline void run_start(struct engine_run *run)
{
	struct reason why;
	const struct engine_outputs outputs = {.context = run,
		.alert = on_alert,
		.mail = on_mail,
		.lesson = on_lesson,
		.passage_context = run,
		.passage = on_passage,
		.is_banned = on_is_banned};
	run->engine = engine_new(&run->settings, &outputs, &why);
	if (!run->engine) {
		fail_msg("%s", why.text);
	}
}

/* From here on what no row lets is held back. Before run_start. */
static inline void run_enforce(struct engine_run *run)
{
	action_table_start(&run->actions);
	run->actions.is_enforcing = true;
	run->settings.actions = &run->actions;
}

static inline struct engine_run *run_begin(void)
{
	struct engine_run *run = run_new(MADE_OFFICE);
	run_start(run);
	return run;
}

/* What ran is ended first: then nothing of it may hold a place of the shared memory. */
static inline void run_end(struct engine_run *run)
{
	engine_drain(run->engine);
	assert_int_equal(run->engine->tls.handshakes.used, 0);
	engine_free(run->engine);
	matrix_free(run->matrix);
	free(run);
}

/* How often this was told; of a mail record finding is not looked at. */
static inline size_t run_told(
	const struct engine_run *run, enum told_kind kind, enum finding finding)
{
	size_t count = 0;
	for (size_t i = 0; i < run->told_count; i++) {
		const struct told *told = &run->told[i];
		count += told->kind == kind &&
			 (kind == TOLD_MAIL || told->finding == finding);
	}
	return count;
}

static inline size_t run_mails(const struct engine_run *run)
{
	return run_told(run, TOLD_MAIL, FINDING_COUNT);
}

static inline const struct told *run_last(const struct engine_run *run)
{
	assert_true(run->told_count > 0);
	return &run->told[run->told_count - 1];
}

static inline uint64_t run_counter(const struct engine_run *run, const char *name)
{
	struct counter list[ENGINE_COUNTERS_MAX];
	const size_t count = engine_counters(run->engine, list);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].name, name) == 0) {
			return list[i].value;
		}
	}
	fail_msg("no counter %s", name);
	return 0;
}

enum side { CLIENT, SERVER };

struct line {
	struct engine_run *run;
	const char *ends[2]; /* IPv4 addresses as text, by enum side */
	uint16_t ports[2];
	uint32_t next[2]; /* sequence number of the next byte */
};

static inline struct line line_of(struct engine_run *run, const char *client,
	uint16_t client_port, const char *server, uint16_t server_port)
{
	return (struct line){.run = run,
		.ends = {client, server},
		.ports = {client_port, server_port},
		.next = {1000, 4294967200U}}; /* the server's wrap */
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static inline void wrap_ip(struct frame_bytes *frame, const struct line *line,
	enum side from, uint8_t transport)
{
	uint8_t header[20] = {0x45, [8] = 64, [9] = transport};
	put16(header + 2, frame->len + sizeof(header));
	memcpy(header + 12, made_address(line->ends[from]).bytes + 12, 4);
	memcpy(header + 16, made_address(line->ends[!from]).bytes + 12, 4);
	wrap(frame, header, sizeof(header));
}

/* One TCP segment at a place of the sender's stream; nothing is counted on. */
static inline void make_segment(struct frame_bytes *frame, const struct line *line,
	enum side from, uint8_t flags, uint32_t sequence, struct text bytes)
{
	uint8_t header[20] = {[12] = 0x50, [13] = flags, 0xff, 0xff};
	put16(header, line->ports[from]);
	put16(header + 2, line->ports[!from]);
	put32(header + 4, sequence);
	put32(header + 8, flags & TCP_ACK ? line->next[!from] : 0);
	frame->len = 0;
	wrap(frame, bytes.at, bytes.len);
	wrap(frame, header, sizeof(header));
	wrap_ip(frame, line, from, IPPROTO_TCP);
}

static inline void give(struct engine_run *run, struct frame_bytes *frame)
{
	uint8_t *copy = malloc(frame->len);
	assert_non_null(copy);
	memcpy(copy, frame_at(frame), frame->len);
	const struct frame given = {.time_us = run->now_us,
		.bytes = copy,
		.captured_len = (uint32_t)frame->len,
		.wire_len = (uint32_t)frame->len,
		.is_ended = run->is_ended_by_rules,
		.is_returned = run->is_returned,
		.link_type = run->is_ethernet ? LINK_OF_ETHERNET : LINK_RAW_IP};
	engine_frames(run->engine, &given, 1);
	free(copy);
}

/* The client is 02:…:01, the server 02:…:02. */
static inline void wrap_link(struct frame_bytes *frame, enum side from)
{
	const uint8_t header[14] = {2, [5] = from == CLIENT ? 2 : 1,
		2, [11] = from == CLIENT ? 1 : 2, 8, 0};
	wrap(frame, header, sizeof(header));
}

static inline void segment(const struct line *line, enum side from, uint8_t flags,
	uint32_t sequence, struct text bytes)
{
	struct frame_bytes frame;
	make_segment(&frame, line, from, flags, sequence, bytes);
	if (line->run->outer[0]) {
		const struct line outer = {
			.ends = {line->run->outer[0], line->run->outer[1]}};
		wrap_ip(&frame, &outer, from, IPPROTO_IPIP);
	}
	if (line->run->is_ethernet) {
		wrap_link(&frame, from);
	}
	give(line->run, &frame);
}

static inline struct text text_of(const char *text)
{
	return (struct text){(const uint8_t *)text, strlen(text)};
}

static inline void say_bytes(
	struct line *line, enum side from, const void *bytes, size_t len)
{
	const size_t most = 1200;
	for (size_t at = 0; at < len; at += most) {
		const size_t piece = len - at < most ? len - at : most;
		segment(line, from, TCP_ACK | TCP_PSH, line->next[from],
			(struct text){(const uint8_t *)bytes + at, piece});
		line->next[from] += (uint32_t)piece;
	}
}

static inline void say(struct line *line, enum side from, const char *text)
{
	say_bytes(line, from, text, strlen(text));
}

/* So many bytes were sent and not captured; what follows and its answer show it. */
static inline void lose(struct line *line, enum side from, uint32_t len)
{
	line->next[from] += len;
}

/* Nothing but an acknowledgement of all the other side sent. */
static inline void acknowledge(struct line *line, enum side from)
{
	segment(line, from, TCP_ACK, line->next[from], text_of(""));
}

static inline void greet(struct line *line)
{
	segment(line, CLIENT, TCP_SYN, line->next[CLIENT] - 1, text_of(""));
	segment(line, SERVER, TCP_SYN | TCP_ACK, line->next[SERVER] - 1, text_of(""));
	acknowledge(line, CLIENT);
}

static inline struct line open_line(struct engine_run *run, const char *client,
	uint16_t client_port, const char *server, uint16_t server_port)
{
	struct line line = line_of(run, client, client_port, server, server_port);
	greet(&line);
	return line;
}

static inline void fin(struct line *line, enum side from)
{
	segment(line, from, TCP_FIN | TCP_ACK, line->next[from]++, text_of(""));
}

static inline void hang_up(struct line *line)
{
	fin(line, CLIENT);
	fin(line, SERVER);
	acknowledge(line, CLIENT);
}

static inline void rst(struct line *line, enum side from)
{
	segment(line, from, TCP_RST | TCP_ACK, line->next[from], text_of(""));
}

/* Nothing comes for so long that a reset was the end. */
static inline void fall_silent(struct engine_run *run)
{
	run->now_us += 3 * SECOND_US;
	engine_idle(run->engine, run->now_us);
}

/* One UDP datagram from the client. */
static inline void make_datagram(struct frame_bytes *frame, const struct line *line,
	const void *bytes, size_t len)
{
	uint8_t header[8] = {0};
	put16(header, line->ports[CLIENT]);
	put16(header + 2, line->ports[SERVER]);
	put16(header + 4, len + sizeof(header));
	frame->len = 0;
	wrap(frame, bytes, len);
	wrap(frame, header, sizeof(header));
	wrap_ip(frame, line, CLIENT, IPPROTO_UDP);
}

static inline void datagram(const struct line *line, const void *bytes, size_t len)
{
	struct frame_bytes frame;
	make_datagram(&frame, line, bytes, len);
	give(line->run, &frame);
}

/* The clear SMTP of a sender, up to the moment when a message is accepted. */
static inline void smtp_greeting(struct line *line)
{
	say(line, SERVER, "220 mx.example.net ESMTP\r\n");
	say(line, CLIENT, "EHLO host.example.org\r\n");
	say(line, SERVER, "250-mx.example.net\r\n250 SIZE\r\n");
}

/* No probe: it begins to send. */
static inline void smtp_sender(struct line *line)
{
	smtp_greeting(line);
	say(line, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	say(line, SERVER, "250 ok\r\n");
}

static inline void smtp_message(struct line *line)
{
	say(line, CLIENT, "MAIL FROM:<a@example.org>\r\n");
	say(line, SERVER, "250 ok\r\n");
	say(line, CLIENT, "RCPT TO:<b@example.net>\r\n");
	say(line, SERVER, "250 ok\r\n");
	say(line, CLIENT, "DATA\r\n");
	say(line, SERVER, "354 go on\r\n");
	say(line, CLIENT, "Subject: x\r\n\r\nx\r\n.\r\n");
	say(line, SERVER, "250 queued\r\n");
}

/* A query for the MX of example.org as a stub resolver asks; returns its length. */
static inline size_t make_mx_query(uint8_t query[64])
{
	static const uint8_t QUERY[] =
		"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
		"\x07"
		"example\x03org\x00\x00\x0f\x00\x01";
	memcpy(query, QUERY, sizeof(QUERY) - 1);
	return sizeof(QUERY) - 1;
}
