#include "audit/spf.h"

#include "audit/spf_macro.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 20 /* of include and redirect: more than terms may be */

struct run {
	const struct spf_question *question;
	struct spf_verdict *verdict;
	struct arena arena;
	unsigned depth;
	const char *domain;             /* of the record that is read: "%{d}" */
	const char *validated;          /* "%{p}", asked once; NULL: not yet */
	char text[RR_NAME_BYTES + 320]; /* of a macro, till the next */
};

/* What a term says of the client. */
enum match { MATCH_NO = 0, MATCH_YES, MATCH_TEMPERROR, MATCH_PERMERROR };

static enum spf_result check(struct run *run, const char *domain, bool is_included);

static void tell(struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void tell(struct run *run, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	(void)vsnprintf(run->verdict->why, sizeof(run->verdict->why), format, list);
	va_end(list);
}

/* A name and one dot at least: others have no place in the mail of the Internet. */
static bool is_domain(const char *domain)
{
	const char *dot = strchr(domain, '.');
	return rr_name_is_valid(domain) && dot && dot[1] != '\0';
}

enum spf_result spf_find_record(const struct rr_resolver *resolver, struct arena *arena,
	const char *domain, struct rr_data *text, char why[SPF_TEXT_BYTES])
{
	struct rr_answer answer;
	size_t found = 0;
	if (!is_domain(domain)) {
		(void)snprintf(why, SPF_TEXT_BYTES, "\"%.253s\" is no domain", domain);
		return SPF_NONE;
	}
	rr_ask(resolver, domain, RR_TYPE_TXT, &answer);
	if (answer.outcome == RR_FAILED) {
		(void)snprintf(why, SPF_TEXT_BYTES, "%s: %s", domain, answer.why);
		return SPF_TEMPERROR;
	}
	for (size_t i = 0; i < answer.count; i++) {
		size_t len = 0;
		const char *line = rr_data_text(arena, &answer.list[i], &len);
		if (line && spf_record_is(line, len)) {
			*text = (struct rr_data){(const uint8_t *)line, len};
			found++;
		}
	}
	if (found == 1) {
		return SPF_NEUTRAL;
	}
	(void)snprintf(why, SPF_TEXT_BYTES, "%s has %s SPF record", domain,
		found == 0 ? "no" : "more than one");
	return found == 0 ? SPF_NONE : SPF_PERMERROR;
}

/* False: one term too many. */
static bool count_term(struct run *run)
{
	if (++run->verdict->terms <= SPF_TERMS_MAX) {
		return true;
	}
	tell(run, "more than %d terms that look up, at %s", SPF_TERMS_MAX, run->domain);
	return false;
}

/* Ask on behalf of a term. MATCH_YES: found. */
static enum match look_up(
	struct run *run, const char *name, enum rr_type type, struct rr_answer *answer)
{
	rr_ask(run->question->resolver, name, type, answer);
	if (answer->outcome == RR_FAILED) {
		tell(run, "%s %s: %s", name, rr_type_name(type), answer->why);
		return MATCH_TEMPERROR;
	}
	if (answer->outcome == RR_FOUND) {
		return MATCH_YES;
	}
	if (++run->verdict->voids > SPF_VOIDS_MAX) {
		tell(run, "more than %d look-ups find nothing, at %s %s", SPF_VOIDS_MAX,
			name, rr_type_name(type));
		return MATCH_PERMERROR;
	}
	return MATCH_NO;
}

static bool is_within(
	const struct address *client, const struct address *network, unsigned bits)
{
	const size_t whole = bits / 8;
	const unsigned rest = bits % 8;
	if (memcmp(client->bytes, network->bytes, whole) != 0) {
		return false;
	}
	return rest == 0 || ((client->bytes[whole] ^ network->bytes[whole]) &
				    (0xff00u >> rest) & 0xff) == 0;
}

/* Both of one family, with the prefix of that family. */
static bool is_of(const struct spf_term *term, const struct address *client,
	const struct address *network)
{
	const bool is_ipv4 = address_is_ipv4(client);
	return is_ipv4 == address_is_ipv4(network) &&
	       is_within(client, network, is_ipv4 ? 96u + term->bits4 : term->bits6);
}

/* An address of ip6 is never one of IPv4, however it is written. */
static bool is_network_of(const struct spf_term *term, const struct address *client)
{
	return (term->mechanism == SPF_IP4) == address_is_ipv4(client) &&
	       is_of(term, client, &term->network);
}

static enum rr_type type_of(const struct run *run)
{
	return address_is_ipv4(&run->question->client) ? RR_TYPE_A : RR_TYPE_AAAA;
}

static bool holds_client(const struct run *run, const struct spf_term *term,
	const struct rr_answer *answer)
{
	struct address address;
	for (size_t i = 0; i < answer->count; i++) {
		if (rr_data_address(&answer->list[i], &address) &&
			is_of(term, &run->question->client, &address)) {
			return true;
		}
	}
	return false;
}

static enum match match_a(
	struct run *run, const struct spf_term *term, const char *name)
{
	struct rr_answer answer;
	const enum match found = look_up(run, name, type_of(run), &answer);
	return found == MATCH_YES && !holds_client(run, term, &answer) ? MATCH_NO
								       : found;
}

static enum match match_mx(
	struct run *run, const struct spf_term *term, const char *name)
{
	struct rr_answer answer;
	char host[RR_NAME_BYTES];
	const enum match found = look_up(run, name, RR_TYPE_MX, &answer);
	if (found != MATCH_YES) {
		return found;
	}
	if (answer.count > SPF_NAMES_MAX) {
		tell(run, "%s of %s: more than %d MX", term->text, run->domain,
			SPF_NAMES_MAX);
		return MATCH_PERMERROR;
	}
	for (size_t i = 0; i < answer.count; i++) {
		if (!rr_data_name(&answer.list[i], RR_TYPE_MX, host) ||
			host[0] == '\0') {
			continue; /* a null MX has no address */
		}
		const enum match match = match_a(run, term, host);
		if (match != MATCH_NO) {
			return match;
		}
	}
	return MATCH_NO;
}

/* The name leads back to the client. */
static bool leads_back(struct run *run, const char *name)
{
	static const struct spf_term WHOLE = {.bits4 = 32, .bits6 = 128};
	struct rr_answer answer;
	rr_ask(run->question->resolver, name, type_of(run), &answer);
	return holds_client(run, &WHOLE, &answer);
}

/* Section 5.5: what cannot be asked does not match. */
static enum match match_ptr(struct run *run, const char *domain)
{
	struct rr_answer answer;
	char name[RR_NAME_BYTES];
	char reverse[RR_REVERSE_BYTES];
	rr_reverse_name(&run->question->client, reverse);
	const enum match found = look_up(run, reverse, RR_TYPE_PTR, &answer);
	if (found == MATCH_PERMERROR) {
		return found;
	}
	for (size_t i = 0; i < answer.count && i < SPF_NAMES_MAX; i++) {
		if (rr_data_name(&answer.list[i], RR_TYPE_PTR, name) &&
			rr_name_is_below(name, domain) && leads_back(run, name)) {
			return MATCH_YES;
		}
	}
	return MATCH_NO;
}

/* "%{p}": of the names that lead back the domain, else one below it, else any. */
static const char *validated_name(struct run *run)
{
	struct rr_answer answer;
	char name[RR_NAME_BYTES];
	char reverse[RR_REVERSE_BYTES];
	int best = 0;
	if (run->validated) {
		return run->validated;
	}
	run->validated = "unknown";
	rr_reverse_name(&run->question->client, reverse);
	rr_ask(run->question->resolver, reverse, RR_TYPE_PTR, &answer);
	for (size_t i = 0; i < answer.count && i < SPF_NAMES_MAX; i++) {
		if (!rr_data_name(&answer.list[i], RR_TYPE_PTR, name) ||
			!leads_back(run, name)) {
			continue;
		}
		const int fit = rr_name_equal(name, run->domain)      ? 3
				: rr_name_is_below(name, run->domain) ? 2
								      : 1;
		if (fit > best) {
			best = fit;
			run->validated = arena_text(&run->arena, name, strlen(name));
		}
	}
	return run->validated;
}

static void write_dotted(const struct address *client, char *text)
{
	static const char DIGITS[] = "0123456789abcdef";
	if (address_is_ipv4(client)) {
		(void)address_text(client, text);
		return;
	}
	for (size_t i = 0; i < sizeof(client->bytes); i++) {
		*text++ = DIGITS[client->bytes[i] >> 4];
		*text++ = '.';
		*text++ = DIGITS[client->bytes[i] & 15];
		*text++ = '.';
	}
	text[-1] = '\0';
}

static const char *or_else(const char *text, const char *otherwise)
{
	return text && text[0] != '\0' ? text : otherwise;
}

static const char *value_of(void *context, char letter)
{
	struct run *run = context;
	const struct spf_question *question = run->question;
	const char *sender = or_else(question->sender, question->domain);
	const char *local_part = or_else(question->local_part, "postmaster");
	switch (letter) {
	case 's':
		(void)snprintf(
			run->text, sizeof(run->text), "%.300s@%s", local_part, sender);
		return run->text;
	case 'l':
		return local_part;
	case 'o':
		return sender;
	case 'd':
		return run->domain;
	case 'i':
		write_dotted(&question->client, run->text);
		return run->text;
	case 'p':
		return validated_name(run);
	case 'v':
		return address_is_ipv4(&question->client) ? "in-addr" : "ip6";
	case 'h':
		return or_else(question->helo, question->domain);
	case 'c':
		return address_text(&question->client, run->text);
	case 't':
		(void)snprintf(run->text, sizeof(run->text), "%lld",
			(long long)question->now_s);
		return run->text;
	default: /* r: who receives is not told */
		return "unknown";
	}
}

/* NOLINTBEGIN(misc-no-recursion): records that lead to others, DEPTH_MAX deep */
static enum match match_include(struct run *run, const char *name)
{
	const enum spf_result result = check(run, name, true);
	switch (result) {
	case SPF_PASS:
		return MATCH_YES;
	case SPF_TEMPERROR:
		return MATCH_TEMPERROR;
	case SPF_PERMERROR:
		return MATCH_PERMERROR;
	case SPF_NONE:
		tell(run, "include:%s leads to no SPF record", name);
		return MATCH_PERMERROR;
	default:
		return MATCH_NO;
	}
}

static enum match match_named(
	struct run *run, const struct spf_term *term, const char *name)
{
	struct rr_answer answer;
	switch (term->mechanism) {
	case SPF_INCLUDE:
		return match_include(run, name);
	case SPF_A:
		return match_a(run, term, name);
	case SPF_MX:
		return match_mx(run, term, name);
	case SPF_PTR:
		return match_ptr(run, name);
	default:
		return look_up(run, name, RR_TYPE_A, &answer);
	}
}

static enum match match_term(struct run *run, const struct spf_term *term)
{
	const struct spf_values values = {value_of, run};
	char name[RR_NAME_BYTES];
	if (term->mechanism == SPF_ALL) {
		return MATCH_YES;
	}
	if (term->mechanism == SPF_IP4 || term->mechanism == SPF_IP6) {
		return is_network_of(term, &run->question->client) ? MATCH_YES
								   : MATCH_NO;
	}
	if (!count_term(run)) {
		return MATCH_PERMERROR;
	}
	(void)spf_expand_name(&values, term->domain ? term->domain : "%{d}", name);
	return match_named(run, term, name);
}

/* Section 6.2: whatever is wrong with it, there is none. */
static void explain(struct run *run, const char *spec)
{
	const struct spf_values values = {value_of, run};
	struct rr_answer answer;
	char name[RR_NAME_BYTES];
	size_t len = 0;
	(void)spf_expand_name(&values, spec, name);
	rr_ask(run->question->resolver, name, RR_TYPE_TXT, &answer);
	const char *text = answer.count == 1
				   ? rr_data_text(&run->arena, &answer.list[0], &len)
				   : NULL;
	if (!text || strlen(text) != len || !spf_macros_are_valid(text, true)) {
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~') {
			return;
		}
	}
	(void)spf_expand(&values, text, run->verdict->explanation,
		sizeof(run->verdict->explanation));
}

static enum spf_result redirect(struct run *run, const char *spec, bool is_included)
{
	const struct spf_values values = {value_of, run};
	char name[RR_NAME_BYTES];
	if (!count_term(run)) {
		return SPF_PERMERROR;
	}
	(void)spf_expand_name(&values, spec, name);
	const enum spf_result result = check(run, name, is_included);
	if (result == SPF_NONE) {
		tell(run, "redirect=%.200s leads to no SPF record", name);
		return SPF_PERMERROR;
	}
	return result;
}

/* The result of who matches, with what the domain says of a fail. */
static enum spf_result matched(struct run *run, const struct spf_record *record,
	const struct spf_term *term, bool is_included)
{
	tell(run, "%.200s of %s", term->text, run->domain);
	if (term->result == SPF_FAIL && !is_included && record->explanation) {
		explain(run, record->explanation);
	}
	return term->result;
}

static enum spf_result walk(
	struct run *run, const struct spf_record *record, bool is_included)
{
	for (size_t i = 0; i < record->count; i++) {
		switch (match_term(run, &record->terms[i])) {
		case MATCH_YES:
			return matched(run, record, &record->terms[i], is_included);
		case MATCH_TEMPERROR:
			return SPF_TEMPERROR;
		case MATCH_PERMERROR:
			return SPF_PERMERROR;
		default:
			break;
		}
	}
	if (record->redirect) {
		return redirect(run, record->redirect, is_included);
	}
	tell(run, "nothing in the record of %s matches", run->domain);
	return SPF_NEUTRAL;
}

static enum spf_result check_record(
	struct run *run, const struct rr_data *text, bool is_included)
{
	struct spf_record record;
	struct reason why;
	enum spf_result result = SPF_PERMERROR;
	if (spf_record_read(
		    &record, &run->arena, (const char *)text->bytes, text->len, &why)) {
		result = walk(run, &record, is_included);
	} else {
		tell(run, "record of %s: %s", run->domain, why.text);
	}
	spf_record_free(&record);
	return result;
}

static enum spf_result check(struct run *run, const char *domain, bool is_included)
{
	struct rr_data text;
	if (run->depth == DEPTH_MAX) {
		tell(run, "records lead to each other");
		return SPF_PERMERROR;
	}
	const enum spf_result found = spf_find_record(
		run->question->resolver, &run->arena, domain, &text, run->verdict->why);
	if (found != SPF_NEUTRAL) {
		return found;
	}
	const char *before = run->domain;
	run->domain = arena_text(&run->arena, domain, strlen(domain));
	run->depth++;
	const enum spf_result result = check_record(run, &text, is_included);
	run->depth--;
	run->domain = before;
	return result;
}

/* NOLINTEND(misc-no-recursion) */

void spf_check_host(const struct spf_question *question, struct spf_verdict *verdict)
{
	struct run run = {.question = question, .verdict = verdict};
	*verdict = (struct spf_verdict){.result = SPF_NONE};
	run.domain = question->domain;
	verdict->result = check(&run, question->domain, false);
	arena_free(&run.arena);
}
