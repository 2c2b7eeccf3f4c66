#include "ship/ship_syslog_net.h"

#include "base/clock.h"
#include "base/log.h"
#include "ship/net_link.h"
#include "ship/output.h"
#include "ship/rendering.h"
#include "ship/tls_settings.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* Times of one call of send: together below SHIPPER_WAIT_S, whatever the receiver does */
#define CONNECT_US UINT64_C(5000000)  /* with its handshake */
#define BUDGET_US  UINT64_C(20000000) /* behind that nothing new is begun */
#define END_US     UINT64_C(45000000)
#define PROOF_US   UINT64_C(5000000)

#define GRACE_US     UINT64_C(100000)  /* a process that dies closes all in that time */
#define LINGER_US    UINT64_C(1000000) /* how long frames wait for more of them */
#define SLOW_US      UINT64_C(2000000) /* a session that ended so slowly was too long */
#define PREFER_US    UINT64_C(60000000) /* then the first receiver is tried again */
#define PROOF_MS     5
#define FRAMES_FIRST 64   /* of a session; doubled by each that ended well, */
#define FRAMES_MAX   1024 /* halved by each that did not */
#define TARGETS_MAX  32
#define COUNT_BYTES  24    /* of a frame: a number and a blank */
#define UDP_MOST     65000 /* with its header in one datagram: RFC 5426, section 3.2 */
#define PORT_CLEAR   514
#define PORT_TLS     6514 /* RFC 5425, section 4.1 */

struct ship_syslog_net {
	const struct schema_values *values;
	const char *name; /* of the output */
	const struct rendering *rendering;
	struct rendering_settings settings;
	enum net_transport transport;
	struct net_tls *tls; /* NULL: none */
	struct net_target targets[TARGETS_MAX];
	uint16_t ports[TARGETS_MAX + 1];
	size_t count;
	size_t at;                     /* the target in use, or that is tried next */
	const struct net_target *told; /* who takes records, as logged last */
	uint64_t prefer_us;            /* not in use: when the first is tried again */
	struct reason unresolved;
	bool is_named;
	struct net_link link;
	size_t sent;        /* frames of this session */
	uint64_t since_us;  /* when the first of them was sent */
	size_t ended;       /* frames of the one before: it ended well, to be proved */
	uint64_t ended_us;  /* when */
	size_t frames_max;  /* of a session */
	struct reason *why; /* of this call */
	uint64_t begun_us;  /* this call */
	char frame[COUNT_BYTES + RENDERING_MESSAGE_BYTES];
};

static const char *const TRANSPORTS[] = {"tcp", "tls", "udp", NULL};

static const struct schema_key KEYS[] = {
	{.name = "receivers",
		.help = "HOST or HOST:PORT, the first that takes records gets them",
		.kind = SCHEMA_LIST,
		.is_required = true},
	{.name = "transport",
		.help = "tcp, tls or udp (which loses)",
		.kind = SCHEMA_WORD,
		.words = TRANSPORTS,
		.standard = "tcp"},
	TLS_KEYS,
	RENDERING_KEYS("rfc5424"),
	{.name = NULL},
};

static uint64_t sooner(uint64_t one_us, uint64_t other_us)
{
	return one_us < other_us ? one_us : other_us;
}

static uint64_t end_us(const struct ship_syslog_net *state)
{
	return state->begun_us + END_US;
}

static bool is_budget_spent(const struct ship_syslog_net *state)
{
	return clock_monotonic_us() - state->begun_us >= BUDGET_US;
}

static bool open_target(
	struct ship_syslog_net *state, size_t index, struct net_link *link)
{
	const struct net_target *target = &state->targets[index];
	const uint64_t until_us =
		sooner(clock_monotonic_us() + CONNECT_US, end_us(state));
	return net_link_open(link, target, state->tls, until_us, state->why);
}

/* In front of the reason: whose it is. */
static void name_target(struct ship_syslog_net *state)
{
	const struct net_target *target = &state->targets[state->at];
	const struct reason why = *state->why;
	(void)reason_set(state->why, "%.100s port %u: %.150s", target->host,
		target->port, why.text);
}

static void tell_receiver(struct ship_syslog_net *state)
{
	const struct net_target *target = &state->targets[state->at];
	if (strcmp(state->told->host, target->host) != 0 ||
		state->told->port != target->port) {
		state->told = target;
		log_line(LOG_LEVEL_NOTICE, state->name, "records go to %s port %u",
			target->host, target->port);
	}
}

/* The one in use, else the next that is there; the first, when it was not for long. */
static bool open_any(struct ship_syslog_net *state)
{
	(void)reason_set(state->why, "%s", state->unresolved.text);
	if (clock_monotonic_us() >= state->prefer_us) {
		state->prefer_us = clock_monotonic_us() + PREFER_US;
		state->at = 0;
	}
	for (size_t i = 0; i < state->count && !is_budget_spent(state); i++) {
		if (open_target(state, state->at, &state->link)) {
			tell_receiver(state);
			return true;
		}
		name_target(state);
		state->at = (state->at + 1) % state->count;
	}
	return false;
}

/*
 * The process that ended the session lives: it closes all that it has when it dies, and
 * this connection stands and was answered well after that end. False: it broke.
 */
static bool take_proof(struct ship_syslog_net *state, size_t *acked)
{
	const uint64_t now_us = clock_monotonic_us();
	/* in this order: an answer that came behind the end of this one is none */
	const uint64_t heard_us = net_link_heard_us(&state->link, now_us);
	if (!net_link_stands(&state->link, state->why)) {
		return false;
	}
	if (state->ended > 0 && heard_us >= state->ended_us + GRACE_US) {
		*acked += state->ended;
		state->ended = 0;
	}
	return true;
}

static bool await_proof(struct ship_syslog_net *state, size_t *acked)
{
	const uint64_t until_us =
		sooner(clock_monotonic_us() + PROOF_US, end_us(state));
	while (state->ended > 0) {
		if (!take_proof(state, acked)) {
			return false;
		}
		if (clock_monotonic_us() >= until_us) {
			return reason_set(state->why, "the receiver is not heard of");
		}
		(void)poll(NULL, 0, state->ended > 0 ? PROOF_MS : 0);
	}
	return true;
}

static void adapt(struct ship_syslog_net *state, uint64_t took_us)
{
	if (took_us < SLOW_US && state->frames_max < FRAMES_MAX) {
		state->frames_max *= 2;
	} else if (took_us >= SLOW_US && state->frames_max > 1) {
		state->frames_max /= 2;
	}
}

/* End this session, with the next one open already: it is the witness. */
static bool end_session(struct ship_syslog_net *state, size_t *acked)
{
	struct net_link next;
	if (!await_proof(state, acked) || !open_target(state, state->at, &next)) {
		return false;
	}
	const uint64_t since_us = clock_monotonic_us();
	const bool is_ended = net_link_finish(&state->link, end_us(state), state->why);
	net_link_close(&state->link);
	state->link = next;
	if (!is_ended) {
		return false;
	}
	state->ended = state->sent;
	state->ended_us = clock_monotonic_us();
	state->sent = 0;
	adapt(state, state->ended_us - since_us);
	return true;
}

/* Back to the first receiver, once nothing is under way. */
static bool return_to_first(struct ship_syslog_net *state, size_t *acked)
{
	if (state->at == 0 || clock_monotonic_us() < state->prefer_us) {
		return true;
	}
	if ((state->sent > 0 && !end_session(state, acked)) ||
		!await_proof(state, acked)) {
		return false;
	}
	net_link_close(&state->link);
	return true;
}

/* A connection that stands, with what it owes; one that owes nothing may have been ended. */
static bool hold_link(struct ship_syslog_net *state, size_t *acked)
{
	const bool is_open = state->link.file >= 0;
	if (is_open && !take_proof(state, acked)) {
		if (state->sent > 0 || state->ended > 0) {
			return false;
		}
		net_link_close(&state->link);
	} else if (is_open && !return_to_first(state, acked)) {
		return false;
	}
	return state->link.file >= 0 || open_any(state);
}

/* RFC 6587, section 3.4.1 and RFC 5425, section 4.3: MSG-LEN SP; a datagram has none. */
static bool send_message(struct ship_syslog_net *state, const struct event *event)
{
	char *message = state->frame + COUNT_BYTES;
	const size_t len =
		rendering_message(state->rendering, event, &state->settings, message);
	if (len == 0) {
		return reason_set(state->why, "no memory");
	}
	char *begin = message;
	if (state->transport != NET_UDP) {
		*--begin = ' ';
		for (size_t rest = len; rest > 0; rest /= 10) {
			*--begin = (char)('0' + rest % 10);
		}
	}
	return net_link_write(&state->link, begin, len + (size_t)(message - begin),
		end_us(state), state->why);
}

/* The last frame of a session is answered late enough to prove the one before it. */
static void await_grace(const struct ship_syslog_net *state)
{
	const uint64_t ago_us = clock_monotonic_us() - state->ended_us;
	if (state->ended > 0 && ago_us < GRACE_US) {
		(void)poll(NULL, 0, (int)((GRACE_US - ago_us) / 1000) + 1);
	}
}

static bool send_frame(
	struct ship_syslog_net *state, const struct event *event, size_t *acked)
{
	if (state->sent >= state->frames_max && !end_session(state, acked)) {
		return false;
	}
	if (state->sent == 0) {
		state->since_us = clock_monotonic_us();
	}
	if (state->sent + 1 >= state->frames_max) {
		await_grace(state);
	}
	if (!send_message(state, event)) {
		return false;
	}
	state->sent++;
	return true;
}

static bool send_frames(struct ship_syslog_net *state, const struct event *events,
	size_t count, size_t *acked)
{
	for (size_t i = 0; i < count; i++) {
		if (is_budget_spent(state)) {
			return reason_set(state->why, "the receiver is too slow");
		}
		if (!send_frame(state, &events[i], acked)) {
			return false;
		}
	}
	if (state->sent > 0 && state->ended == 0 &&
		clock_monotonic_us() - state->since_us >= LINGER_US) {
		return end_session(state, acked);
	}
	return true;
}

static bool send_datagrams(struct ship_syslog_net *state, const struct event *events,
	size_t count, size_t *acked)
{
	for (size_t i = 0; i < count; i++) {
		if (!send_message(state, &events[i])) {
			return false;
		}
		(*acked)++;
	}
	return true;
}

/* What is not safe comes again, in a shorter session, and to the next receiver. */
static enum shipper_result give_up(struct ship_syslog_net *state)
{
	if (state->link.file >= 0) {
		name_target(state);
		net_link_close(&state->link);
		state->at = (state->at + 1) % state->count;
	}
	if (state->frames_max > 1) {
		state->frames_max /= 2;
	}
	state->sent = 0;
	state->ended = 0;
	return SHIPPER_AGAIN;
}

static bool hold_datagrams(struct ship_syslog_net *state)
{
	return state->link.file >= 0 ? net_link_stands(&state->link, state->why)
				     : open_any(state);
}

static enum shipper_result ship_send(void *opaque, const struct event *events,
	size_t count, size_t *acked, struct reason *why)
{
	struct ship_syslog_net *state = (struct ship_syslog_net *)opaque;
	state->why = why;
	state->begun_us = clock_monotonic_us();
	const bool is_sent =
		state->transport == NET_UDP
			? hold_datagrams(state) &&
				  send_datagrams(state, events, count, acked)
			: hold_link(state, acked) &&
				  send_frames(state, events, count, acked);
	return is_sent ? SHIPPER_DELIVERED : give_up(state);
}

static enum net_transport transport_of(const struct schema_values *values)
{
	const char *word = schema_text(values, "transport");
	return strcmp(word, "tls") == 0   ? NET_TLS
	       : strcmp(word, "udp") == 0 ? NET_UDP
					  : NET_TCP;
}

static bool check_receivers(const struct schema_values *values, struct reason *why)
{
	for (size_t i = 0; i < schema_count(values, "receivers"); i++) {
		char host[ADDRESS_HOST_BYTES];
		unsigned port = 0;
		const char *text = schema_item(values, "receivers", i);
		if (!addresses_split(text, host, &port)) {
			return reason_set(
				why, "receivers: \"%.100s\" is no HOST:PORT", text);
		}
	}
	return schema_count(values, "receivers") > 0 ||
	       reason_set(why, "receivers is empty");
}

static bool check_tls(const struct schema_values *values, struct reason *why)
{
	const bool is_own = schema_text(values, "certificate") != NULL;
	if (is_own != (schema_text(values, "key") != NULL)) {
		return reason_set(why, "certificate and key belong together");
	}
	if (!tls_settings_is_by_fingerprint(values) && !schema_text(values, "ca")) {
		return reason_set(why,
			"transport: tls needs ca, or check: fingerprint: else it "
			"would be anybody's");
	}
	return tls_settings_check(values, why);
}

static bool check_clear(const struct schema_values *values, struct reason *why)
{
	static const char *const OF_TLS[] = {"ca", "certificate", "key"};
	for (size_t i = 0; i < sizeof(OF_TLS) / sizeof(OF_TLS[0]); i++) {
		if (schema_text(values, OF_TLS[i])) {
			return reason_set(why, "%s needs transport: tls", OF_TLS[i]);
		}
	}
	return true;
}

static bool ship_check(const struct schema_values *values, struct reason *why)
{
	const enum net_transport transport = transport_of(values);
	if (transport == NET_UDP && schema_number(values, "limit") > UDP_MOST) {
		return reason_set(why, "limit: by UDP %d at most", UDP_MOST);
	}
	return check_receivers(values, why) &&
	       (transport == NET_TLS ? check_tls(values, why)
				     : check_clear(values, why));
}

/* All addresses of one name, in their order. */
static void add_targets(struct ship_syslog_net *state, const char *text)
{
	char host[ADDRESS_HOST_BYTES];
	unsigned port = state->transport == NET_TLS ? PORT_TLS : PORT_CLEAR;
	struct addresses addresses;
	if (!addresses_split(text, host, &port)) {
		return; /* checked before */
	}
	state->is_named = state->is_named || addresses_is_name(host);
	if (!addresses_resolve(&addresses, host, &state->unresolved)) {
		return; /* told when there is no other */
	}
	for (size_t i = 0; i < addresses.count && state->count < TARGETS_MAX; i++) {
		struct net_target *target = &state->targets[state->count];
		target->port = (uint16_t)port;
		target->transport = state->transport;
		memcpy(target->host, host, sizeof(host));
		memcpy(target->address, addresses.list[i], ADDRESS_BYTES);
		state->ports[state->count++] = target->port;
	}
}

static void read_targets(struct ship_syslog_net *state)
{
	(void)reason_set(&state->unresolved, "no receiver is known");
	for (size_t i = 0; i < schema_count(state->values, "receivers"); i++) {
		add_targets(state, schema_item(state->values, "receivers", i));
	}
}

static void ship_close(void *opaque)
{
	struct ship_syslog_net *state = (struct ship_syslog_net *)opaque;
	net_link_close(&state->link);
	net_tls_close(state->tls);
	free(state);
}

static void *ship_open(const struct shipper_context *context, struct reason *why)
{
	struct ship_syslog_net *state = calloc(1, sizeof(*state));
	if (!state) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	state->values = &context->output->values;
	state->name = context->output->name;
	state->rendering = rendering_of(state->values);
	state->settings = rendering_settings_read(state->values);
	state->transport = transport_of(state->values);
	state->frames_max = FRAMES_FIRST;
	state->link.file = -1;
	if (state->transport == NET_UDP && state->settings.limit == 0 &&
		state->rendering->limit > UDP_MOST) {
		state->settings.limit = UDP_MOST;
	}
	if (state->transport == NET_TLS) {
		state->tls = net_tls_open(state->values, why);
		if (!state->tls) {
			ship_close(state);
			return NULL;
		}
	}
	read_targets(state);
	state->told = &state->targets[0];
	return state;
}

static const uint16_t *ship_ports(void *opaque)
{
	const struct ship_syslog_net *state = (const struct ship_syslog_net *)opaque;
	return state->ports;
}

static bool ship_is_udp(void *opaque)
{
	const struct ship_syslog_net *state = (const struct ship_syslog_net *)opaque;
	return state->transport == NET_UDP;
}

static bool ship_is_named(void *opaque)
{
	const struct ship_syslog_net *state = (const struct ship_syslog_net *)opaque;
	return state->is_named;
}

const struct shipper SHIPPER_SYSLOG_NET = {
	.name = "syslog-net",
	.what = "syslog to a collector, by TCP, TLS or UDP",
	.events = EVENT_ALERT,
	.keys = KEYS,
	.open = ship_open,
	.send = ship_send,
	.close = ship_close,
	.check = ship_check,
	.idle_ms = 1000,
	.ports = ship_ports,
	.is_udp = ship_is_udp,
	.is_named = ship_is_named,
};
