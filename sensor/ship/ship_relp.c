#include "ship/ship_relp.h"

#include "base/clock.h"
#include "ship/addresses.h"
#include "ship/output.h"
#include "ship/rendering.h"
#include "ship/tls_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <librelp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Times of one call of send: together below SHIPPER_WAIT_S, whatever the receiver does */
#define CONNECT_S 5
#define ANSWER_S  10
#define BUDGET_US UINT64_C(20000000) /* behind that no new session and no new frame */

#define LINGER_US    UINT64_C(500000) /* how long frames wait for more of them */
#define FRAMES_FIRST 64   /* of a session; doubled by each that ended well, */
#define FRAMES_MAX   1024 /* halved by each that did not */
#define CODE_TAKEN   200

/* No anonymous key exchange, no TLS before 1.2: librelp has both where not told. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

enum { FILE_CA = 0, FILE_CERTIFICATE, FILE_KEY, FILES };

struct ship_relp {
	relpEngine_t *engine;
	relpClt_t *client; /* NULL: no session */
	const struct schema_values *values;
	const struct rendering *rendering;
	struct rendering_settings settings;
	struct addresses addresses;
	struct reason unresolved; /* why there are none */
	char port[8];
	uint16_t ports[2]; /* the same, and the end of the list */
	struct lent_file files[FILES + 1];
	size_t sent;       /* frames of this session */
	size_t frames_max; /* of a session */
	uint64_t since_us; /* when the first of them was sent */
	bool is_broken;    /* the library told of an error in this session */
	struct reason why; /* the first error; an answer to a certificate goes first */
	bool is_why_certificate;
};

static const struct schema_key KEYS[] = {
	{.name = "host",
		.help = "name or address of the receiver",
		.is_required = true},
	{.name = "port",
		.help = "its port",
		.kind = SCHEMA_NUMBER,
		.standard = "2514",
		.least = 1,
		.most = 65535},
	{.name = "tls",
		.help = "encrypt, and check the receiver's certificate",
		.kind = SCHEMA_YES_NO,
		.standard = "no"},
	TLS_KEYS,
	RENDERING_KEYS("rfc5424"),
	{.name = NULL},
};

/* Words for the codes that come without any. */
static const char *words_of(relpRetVal code)
{
	switch (code) {
	case RELP_RET_IO_ERR:
		return "no connection";
	case RELP_RET_TIMED_OUT:
		return "no answer in time";
	case RELP_RET_SESSION_BROKEN:
	case RELP_RET_SESSION_CLOSED:
		return "the session broke";
	case RELP_RET_RSP_STATE_ERR:
		return "the receiver refused a record";
	case RELP_RET_OUT_OF_MEMORY:
		return "no memory";
	case RELP_RET_AUTH_CERT_INVL:
	case RELP_RET_AUTH_NO_CERT:
	case RELP_RET_AUTH_ERR_NAME:
	case RELP_RET_AUTH_ERR_FP:
		return "the receiver's certificate is refused";
	default:
		return "the session failed";
	}
}

static void keep_reason(struct ship_relp *state, bool is_certificate, const char *text,
	const char *more)
{
	state->is_broken = true;
	if (state->why.text[0] == '\0' ||
		(is_certificate && !state->is_why_certificate)) {
		state->is_why_certificate = is_certificate;
		(void)reason_set(&state->why, "%s%.100s%s%.80s%s",
			is_certificate ? "the receiver's certificate is refused: " : "",
			text, more[0] ? " (" : "", more, more[0] ? ")" : "");
	}
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library's type */
static void on_error(void *opaque, char *object, char *text, relpRetVal code)
{
	(void)object; /* says host and port: so does our line */
	(void)code;
	keep_reason((struct ship_relp *)opaque, false, text, "");
}

static void on_refusal(void *opaque, char *seen, char *text, relpRetVal code)
{
	(void)code;
	keep_reason((struct ship_relp *)opaque, true, text, seen);
}

/*
 * What the library tells of answers, it tells in debug lines only, and those name no
 * session: one shipper per process. Counts those to "open" (number 1) and the frames
 * behind it that were taken, in order, without a gap.
 */
static size_t answered;

/* Likewise what it looks at in a certificate: names in the extension, then the subject's. */
static bool is_alternative_seen;
static bool is_subject_taken;

static void note_names(const char *format)
{
	if (strstr(format, "subject alt dnsName")) {
		is_alternative_seen = true;
	} else if (strstr(format, "checking auth for CN")) {
		is_subject_taken = true;
	}
}

static void on_debug(char *format, ...) __attribute__((format(printf, 1, 2)));
static void on_debug(char *format, ...)
{
	static const char ANSWER[] = "in rsp command handler, txnr %d, code %d";
	va_list arguments;
	note_names(format);
	if (strncmp(format, ANSWER, sizeof(ANSWER) - 1) != 0) {
		return;
	}
	va_start(arguments, format);
	const int number = va_arg(arguments, int);
	const int code = va_arg(arguments, int);
	va_end(arguments);
	if (code == CODE_TAKEN && number > 0 && (size_t)number == answered + 1) {
		answered++;
	}
}

static bool keep_failure(struct ship_relp *state, relpRetVal code)
{
	keep_reason(state, false, words_of(code), "");
	return false;
}

/* One more session, over; the library says "close" if the session still stands. */
static void end_session(struct ship_relp *state)
{
	if (state->client &&
		relpEngineCltDestruct(state->engine, &state->client) != RELP_RET_OK) {
		state->is_broken = true;
	}
	state->client = NULL;
}

static void forget_errors(struct ship_relp *state)
{
	state->is_broken = false;
	state->is_why_certificate = false;
	state->why.text[0] = '\0';
}

/* The library's setters take texts that it does not change as char *. */
static char *loosely(const char *text)
{
	union {
		const char *given;
		char *taken;
	} both = {.given = text};
	return both.taken;
}

static relpRetVal allow_peers(struct ship_relp *state)
{
	const size_t count = schema_count(state->values, "peers");
	relpRetVal code = RELP_RET_OK;
	for (size_t i = 0; i < count && code == RELP_RET_OK; i++) {
		code = relpCltAddPermittedPeer(
			state->client, loosely(schema_item(state->values, "peers", i)));
	}
	return count > 0 ? code
			 : relpCltAddPermittedPeer(state->client,
				   loosely(schema_text(state->values, "host")));
}

static relpRetVal set_tls(struct ship_relp *state)
{
	relpClt_t *client = state->client;
	const struct lent_file *files = state->files;
	const char *check = schema_text(state->values, "check");
	relpRetVal code = relpCltEnableTLS(client);
	code = code ? code : relpCltSetGnuTLSPriString(client, loosely(PRIORITIES));
	code = code ? code : relpCltSetCACert(client, loosely(files[FILE_CA].path));
	code = code ? code
		    : relpCltSetOwnCert(client, loosely(files[FILE_CERTIFICATE].path));
	code = code ? code : relpCltSetPrivKey(client, loosely(files[FILE_KEY].path));
	code = code ? code : relpCltSetAuthMode(client, loosely(check));
	return code ? code : allow_peers(state);
}

/* The window stays open, so that only "close" ever waits for answers. */
static bool make_client(struct ship_relp *state)
{
	relpRetVal code = relpEngineCltConstruct(state->engine, &state->client);
	if (code != RELP_RET_OK) {
		state->client = NULL;
		return keep_failure(state, code);
	}
	relpClt_t *client = state->client;
	code = relpCltSetTimeout(client, ANSWER_S);
	code = code ? code : relpCltSetConnTimeout(client, CONNECT_S);
	code = code ? code : relpCltSetWindowSize(client, 2 * FRAMES_MAX);
	code = code ? code : relpCltSetUsrPtr(client, state);
	if (code == RELP_RET_OK && state->files[0].path) {
		code = set_tls(state);
	}
	return code == RELP_RET_OK || keep_failure(state, code);
}

/*
 * RFC 6125, section 6.4.4, and so OpenSSL: where a certificate has names in its extension
 * (subjectAltName), the subject's (CN) is not looked at. librelp looks at both.
 */
static bool is_name_right(struct ship_relp *state)
{
	if (is_alternative_seen && is_subject_taken) {
		keep_reason(state, true, "its subjectAltName has other names", "");
		return false;
	}
	return true;
}

static bool connect_to(struct ship_relp *state, char *address)
{
	forget_errors(state);
	answered = 0;
	is_alternative_seen = is_subject_taken = false;
	if (make_client(state)) {
		const relpRetVal code = relpCltConnect(state->client, AF_UNSPEC,
			(unsigned char *)state->port, (unsigned char *)address);
		if (code == RELP_RET_OK && !state->is_broken && is_name_right(state)) {
			return true; /* nothing was sent yet but the greeting */
		}
		(void)keep_failure(state, code);
	}
	end_session(state);
	return false;
}

static bool start_session(struct ship_relp *state, uint64_t end_us)
{
	forget_errors(state);
	keep_reason(state, false, state->unresolved.text, "");
	for (size_t i = 0; i < state->addresses.count; i++) {
		if (clock_monotonic_us() < end_us &&
			connect_to(state, state->addresses.list[i])) {
			state->sent = 0;
			return true;
		}
	}
	return false;
}

/*
 * Over: how many of its frames are safe? All of them, if it was closed in order. Of a
 * broken one those that the debug lines told of; a library that words them otherwise
 * tells of none, and the order of RELP's answers has to do for the others.
 */
static size_t count_safe(const struct ship_relp *state)
{
	if (answered == 0) {
		return state->is_broken ? 0 : state->sent;
	}
	return answered - 1 < state->sent ? answered - 1 : state->sent;
}

/* Close, which waits for all answers. True: whatever was sent is acknowledged. */
static bool finish_session(struct ship_relp *state, size_t *acked)
{
	end_session(state);
	const size_t safe = count_safe(state);
	const bool is_whole = safe == state->sent;
	*acked += safe;
	state->sent = 0;
	if (is_whole) {
		state->frames_max = state->frames_max * 2 < FRAMES_MAX
					    ? state->frames_max * 2
					    : FRAMES_MAX;
		return true;
	}
	if (state->frames_max > 1) {
		state->frames_max /= 2;
	}
	return keep_failure(state, RELP_RET_SESSION_BROKEN);
}

static bool send_event(struct ship_relp *state, const struct event *event)
{
	static char message[RENDERING_MESSAGE_BYTES]; /* one shipper per process */
	const size_t len =
		rendering_message(state->rendering, event, &state->settings, message);
	if (len == 0) {
		return keep_failure(state, RELP_RET_OUT_OF_MEMORY);
	}
	if (state->sent == 0) {
		state->since_us = clock_monotonic_us();
	}
	const relpRetVal code =
		relpCltSendSyslog(state->client, (unsigned char *)message, len);
	if (code != RELP_RET_OK || state->is_broken) {
		return keep_failure(state, code);
	}
	state->sent++;
	return true;
}

static bool send_all(struct ship_relp *state, const struct event *events, size_t count,
	size_t *acked)
{
	const uint64_t end_us = clock_monotonic_us() + BUDGET_US;
	for (size_t i = 0; i < count; i++) {
		if (!state->client && !start_session(state, end_us)) {
			return false;
		}
		if (!send_event(state, &events[i])) {
			return false;
		}
		if (state->sent >= state->frames_max && !finish_session(state, acked)) {
			return false;
		}
		if (i + 1 < count && clock_monotonic_us() >= end_us) {
			(void)finish_session(state, acked);
			return keep_failure(state, RELP_RET_TIMED_OUT);
		}
	}
	return true;
}

/* What was not acknowledged comes again, in a smaller session. */
static enum shipper_result give_up(
	struct ship_relp *state, size_t *acked, struct reason *why)
{
	if (state->sent > 0) {
		state->is_broken = true;
		(void)finish_session(state, acked);
	}
	end_session(state);
	*why = state->why;
	return SHIPPER_AGAIN;
}

static enum shipper_result ship_send(void *opaque, const struct event *events,
	size_t count, size_t *acked, struct reason *why)
{
	struct ship_relp *state = (struct ship_relp *)opaque;
	if (!send_all(state, events, count, acked)) {
		return give_up(state, acked, why);
	}
	if (state->sent > 0 && clock_monotonic_us() - state->since_us >= LINGER_US &&
		!finish_session(state, acked)) {
		return give_up(state, acked, why);
	}
	return SHIPPER_DELIVERED;
}

static void ship_close(void *opaque)
{
	struct ship_relp *state = (struct ship_relp *)opaque;
	end_session(state);
	if (state->engine) {
		(void)relpEngineDestruct(&state->engine);
	}
	for (size_t i = 0; i < FILES; i++) {
		if (state->files[i].path) {
			(void)close(state->files[i].file);
		}
	}
	free(state);
}

static const char *const FILE_NAMES[FILES] = {"ca", "certificate", "key"};

static bool ship_check(const struct schema_values *values, struct reason *why)
{
	if (!schema_is(values, "tls")) {
		return true;
	}
	for (size_t i = 0; i < FILES; i++) {
		if (!schema_text(values, FILE_NAMES[i])) {
			return reason_set(why,
				"tls needs ca, certificate and key: the library checks "
				"the receiver only where it has a certificate of its "
				"own");
		}
	}
	return tls_settings_check(values, why);
}

static bool open_file(struct ship_relp *state, size_t index, struct reason *why)
{
	struct lent_file *file = &state->files[index];
	file->path = schema_text(state->values, FILE_NAMES[index]);
	file->file = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (file->file < 0) {
		(void)reason_set(why, "%s: %.150s: %s", FILE_NAMES[index], file->path,
			strerror(errno));
		file->path = NULL;
		return false;
	}
	return true;
}

static bool open_files(struct ship_relp *state, struct reason *why)
{
	for (size_t i = 0; i < FILES; i++) {
		if (!open_file(state, i, why)) {
			return false;
		}
	}
	return true;
}

static bool open_engine(struct ship_relp *state, struct reason *why)
{
	static unsigned char command[] = "syslog";
	relpRetVal code = relpEngineConstruct(&state->engine);
	if (code != RELP_RET_OK) {
		state->engine = NULL;
		return reason_set(why, "librelp does not start: %d", code);
	}
	relpEngine_t *engine = state->engine;
	code = relpEngineSetDbgprint(engine, on_debug);
	code = code ? code : relpEngineSetOnErr(engine, on_error);
	code = code ? code : relpEngineSetOnAuthErr(engine, on_refusal);
	code = code ? code
		    : relpEngineSetEnableCmd(engine, command, eRelpCmdState_Required);
	/* with OpenSSL, librelp 1.11 would not check names as asked for */
	code = code ? code : relpEngineSetTLSLib(engine, RELP_USE_GNUTLS);
	return code == RELP_RET_OK ||
	       reason_set(why, "librelp cannot be set up: %d", code);
}

static void *ship_open(const struct shipper_context *context, struct reason *why)
{
	struct ship_relp *state = calloc(1, sizeof(*state));
	if (!state) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	state->values = &context->output->values;
	state->rendering = rendering_of(state->values);
	state->settings = rendering_settings_read(state->values);
	state->frames_max = FRAMES_FIRST;
	state->ports[0] = (uint16_t)schema_number(state->values, "port");
	(void)snprintf(state->port, sizeof(state->port), "%u", state->ports[0]);
	const bool is_tls = schema_is(state->values, "tls");
	if ((is_tls && !open_files(state, why)) || !open_engine(state, why)) {
		ship_close(state);
		return NULL;
	}
	/* a name that leads nowhere may lead somewhere when it is opened anew */
	(void)addresses_resolve(&state->addresses, schema_text(state->values, "host"),
		&state->unresolved);
	return state;
}

static const struct lent_file *ship_files(void *opaque)
{
	const struct ship_relp *state = (const struct ship_relp *)opaque;
	return state->files[0].path ? state->files : NULL;
}

static const uint16_t *ship_ports(void *opaque)
{
	const struct ship_relp *state = (const struct ship_relp *)opaque;
	return state->ports;
}

static bool ship_is_named(void *opaque)
{
	const struct ship_relp *state = (const struct ship_relp *)opaque;
	return addresses_is_name(schema_text(state->values, "host"));
}

const struct shipper SHIPPER_RELP = {
	.name = "relp",
	.what = "rsyslog and others by RELP, with or without TLS",
	.events = EVENT_ALERT,
	.keys = KEYS,
	.open = ship_open,
	.send = ship_send,
	.close = ship_close,
	.check = ship_check,
	.files = ship_files,
	.ports = ship_ports,
	.is_named = ship_is_named,
};
