#include "audit/dns_resolver.h"

#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unbound.h>

#define QUESTIONS_MAX  5000 /* of one run */
#define SILENT_MAX     3    /* questions without an answer, one after the other */
#define RCODE_SERVFAIL 2
#define CLASS_IN       1
#define TYPE_A         1
#define ESCAPED_BYTES  (4 * RR_NAME_BYTES)

struct dns_resolver {
	struct ub_ctx *library;
	struct arena arena;
	unsigned timeout_s;
	size_t questions;
	unsigned silent;
};

/* What the library calls back with; in memory that outlives a question given up. */
struct pending {
	struct dns_resolver *dns;
	struct rr_answer *answer; /* NULL: nobody waits any more */
	bool is_done;
};

static bool set_options(struct ub_ctx *library)
{
	static const char *const OPTIONS[][2] = {
		{"do-not-query-localhost:", "no"},
		{"unblock-lan-zones:", "yes"}, /* our own zones are asked about */
		{"harden-below-nxdomain:", "yes"},
		{"max-udp-size:", "4096"},
	};
	for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++) {
		if (ub_ctx_set_option(library, OPTIONS[i][0], OPTIONS[i][1]) != 0) {
			return false;
		}
	}
	return ub_ctx_async(library, 1) == 0; /* a thread: questions can be given up */
}

static bool set_up(
	struct ub_ctx *library, const struct dns_settings *settings, struct reason *why)
{
	if (!set_options(library)) {
		return reason_set(why, "libunbound refuses its options");
	}
	const int failed = settings->resolver
				   ? ub_ctx_set_fwd(library, settings->resolver)
				   : ub_ctx_resolvconf(library, NULL);
	if (failed) {
		return reason_set(why, "resolver %s: %s",
			settings->resolver ? settings->resolver : "/etc/resolv.conf",
			ub_strerror(failed));
	}
	if (settings->trust_anchor &&
		ub_ctx_add_ta_file(library, settings->trust_anchor) != 0) {
		return reason_set(
			why, "cannot read trust anchor %s", settings->trust_anchor);
	}
	return true;
}

/* The library reads its files with the first question: one that it answers itself. */
static bool read_files(
	struct ub_ctx *library, const struct dns_settings *settings, struct reason *why)
{
	struct ub_result *result = NULL;
	const int failed = ub_resolve(library, "localhost.", TYPE_A, CLASS_IN, &result);
	ub_resolve_free(result);
	return failed == 0 ||
	       reason_set(why, "libunbound does not start%s%s: %s",
		       settings->trust_anchor ? " with trust anchor " : "",
		       settings->trust_anchor ? settings->trust_anchor : "",
		       ub_strerror(failed));
}

struct dns_resolver *dns_resolver_new(
	const struct dns_settings *settings, struct reason *why)
{
	struct dns_resolver *dns = list_new(1, sizeof(*dns));
	dns->timeout_s = settings->timeout_s;
	dns->library = ub_ctx_create();
	if (!dns->library) {
		(void)reason_set(why, "libunbound does not start");
	} else if (set_up(dns->library, settings, why) &&
		   read_files(dns->library, settings, why)) {
		return dns;
	}
	dns_resolver_free(dns);
	return NULL;
}

void dns_resolver_free(struct dns_resolver *dns)
{
	if (dns) {
		if (dns->library) {
			ub_ctx_delete(dns->library);
		}
		arena_free(&dns->arena);
		list_free(dns);
	}
}

static void fail(struct dns_resolver *dns, struct rr_answer *answer, const char *why)
{
	answer->outcome = RR_FAILED;
	answer->why = arena_text(&dns->arena, why, strlen(why));
}

static void take_data(struct dns_resolver *dns, const struct ub_result *result,
	struct rr_answer *answer)
{
	size_t count = 0;
	while (result->data[count]) {
		if (++count > RR_ANSWER_MAX) {
			fail(dns, answer, "more records than are read");
			return;
		}
	}
	struct rr_data *list = arena_array(&dns->arena, count, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		const size_t len = (size_t)result->len[i];
		uint8_t *bytes = arena_take(&dns->arena, len + 1);
		memcpy(bytes, result->data[i], len);
		list[i] = (struct rr_data){bytes, len};
	}
	answer->outcome = RR_FOUND;
	answer->list = list;
	answer->count = count;
}

static void take_result(struct dns_resolver *dns, const struct ub_result *result,
	struct rr_answer *answer)
{
	char why[256];
	answer->is_secure = result->secure;
	if (result->bogus) {
		(void)snprintf(why, sizeof(why), "DNSSEC bogus: %s",
			result->why_bogus ? result->why_bogus : "no reason given");
		fail(dns, answer, why);
	} else if (result->havedata) {
		take_data(dns, result, answer);
	} else if (result->nxdomain) {
		answer->outcome = RR_NO_NAME;
	} else if (result->rcode != 0) {
		(void)snprintf(why, sizeof(why), "name servers failed (%s)",
			result->rcode == RCODE_SERVFAIL ? "SERVFAIL" : "refused");
		fail(dns, answer, why);
	} else {
		answer->outcome = RR_NO_DATA;
	}
}

static void take(void *context, int failed, struct ub_result *result)
{
	struct pending *pending = context;
	pending->is_done = true;
	if (pending->answer && failed) {
		fail(pending->dns, pending->answer, ub_strerror(failed));
	} else if (pending->answer) {
		take_result(pending->dns, result, pending->answer);
	}
	ub_resolve_free(result);
}

/* As a zone file writes it (RFC 1035, section 5.1): the library reads that. */
static void escape(const char *name, char escaped[ESCAPED_BYTES])
{
	char *at = escaped;
	for (const char *byte = name; *byte != '\0'; byte++) {
		const bool is_plain = (*byte >= 'a' && *byte <= 'z') ||
				      (*byte >= 'A' && *byte <= 'Z') ||
				      (*byte >= '-' && *byte <= '9' && *byte != '/') ||
				      *byte == '_';
		if (is_plain) {
			*at++ = *byte;
		} else {
			at += sprintf(at, "\\%03u", (unsigned)(uint8_t)*byte);
		}
	}
	*at = '\0';
}

static void wait_for(struct dns_resolver *dns, const struct pending *pending)
{
	const uint64_t end_us =
		clock_monotonic_us() + (uint64_t)dns->timeout_s * 1000000;
	while (!pending->is_done) {
		const uint64_t now_us = clock_monotonic_us();
		struct pollfd ready = {.fd = ub_fd(dns->library), .events = POLLIN};
		if (now_us >= end_us) {
			return;
		}
		(void)poll(&ready, 1, (int)((end_us - now_us) / 1000) + 1);
		(void)ub_process(dns->library); /* what fails is not done in time */
	}
}

static void ask(
	void *context, const char *name, enum rr_type type, struct rr_answer *answer)
{
	struct dns_resolver *dns = context;
	char escaped[ESCAPED_BYTES];
	int id = 0;
	if (!rr_name_is_valid(name)) {
		answer->outcome = RR_NO_NAME; /* there can be none */
		return;
	}
	if (dns->silent >= SILENT_MAX) {
		fail(dns, answer, "the resolver does not answer");
		return;
	}
	if (dns->questions++ >= QUESTIONS_MAX) {
		fail(dns, answer, "too many questions");
		return;
	}
	escape(name, escaped);
	struct pending *pending = arena_take(&dns->arena, sizeof(*pending));
	*pending = (struct pending){.dns = dns, .answer = answer};
	const int failed = ub_resolve_async(
		dns->library, escaped, (int)type, CLASS_IN, pending, take, &id);
	if (failed) {
		fail(dns, answer, ub_strerror(failed));
		return;
	}
	wait_for(dns, pending);
	dns->silent = pending->is_done ? 0 : dns->silent + 1;
	if (!pending->is_done) {
		pending->answer = NULL;
		(void)ub_cancel(dns->library, id);
		fail(dns, answer, "no answer in time");
	}
}

struct rr_resolver dns_resolver_of(struct dns_resolver *dns)
{
	return (struct rr_resolver){ask, dns};
}
