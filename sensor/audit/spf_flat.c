#include "audit/spf_flat.h"

#include "audit/spf_macro.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FOLLOWED_MAX 50    /* terms that look up: of more, no more is said */
#define STEPS_MAX    10000 /* terms of all records together */

struct walk {
	const struct rr_resolver *resolver;
	struct spf_flat *flat;
	const char *root;   /* the domain that is asked about: "%{o}" */
	const char *domain; /* whose record is read: "%{d}" */
	const char *origin; /* the terms that led to it, or NULL */
	unsigned depth;     /* of include and redirect */
	unsigned inside;    /* of include alone */
	unsigned steps;     /* terms of all records */
};

static void flatten_domain(struct walk *walk, const char *domain,
	struct spf_ranges *left, struct spf_ranges *passes);

/* The gravest stays: what could not be asked hides what is broken behind it. */
static void fail(struct walk *walk, enum spf_result state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void fail(struct walk *walk, enum spf_result state, const char *format, ...)
{
	struct spf_flat *flat = walk->flat;
	va_list list;
	if (flat->state == SPF_TEMPERROR ||
		(flat->state == SPF_PERMERROR && state != SPF_TEMPERROR)) {
		return;
	}
	flat->state = state;
	va_start(list, format);
	(void)vsnprintf(flat->why, sizeof(flat->why), format, list);
	va_end(list);
}

static const char *text_of(struct walk *walk, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static const char *text_of(struct walk *walk, const char *format, ...)
{
	char text[SPF_TEXT_BYTES];
	va_list list;
	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	return arena_text(&walk->flat->arena, text, strlen(text));
}

/* The terms that lead to a term of the record that is read. */
static const char *origin_of(struct walk *walk, const char *term)
{
	return walk->origin ? text_of(walk, "%.300s > %.150s", walk->origin, term)
			    : text_of(walk, "%.150s", term);
}

static void add_unknown(struct walk *walk, const char *term)
{
	struct spf_flat *flat = walk->flat;
	if (flat->unknown_count < SPF_UNKNOWN_MAX) {
		flat->unknown[flat->unknown_count] =
			(struct spf_unknown){origin_of(walk, term), walk->domain};
	}
	flat->unknown_count++;
}

/* Of all that a macro may stand for, the domains alone are the same for every client. */
static const char *value_of(void *context, char letter)
{
	const struct walk *walk = context;
	return letter == 'd' ? walk->domain : letter == 'o' ? walk->root : NULL;
}

/* RR_FOUND, or not; a failure is told. */
static bool look_up(struct walk *walk, const char *name, enum rr_type type,
	struct rr_answer *answer)
{
	rr_ask(walk->resolver, name, type, answer);
	if (answer->outcome == RR_FAILED) {
		fail(walk, SPF_TEMPERROR, "%s %s: %s", name, rr_type_name(type),
			answer->why);
	} else if (answer->outcome != RR_FOUND) {
		walk->flat->voids[SPF_FAMILY_IPV4] += type != RR_TYPE_AAAA;
		walk->flat->voids[SPF_FAMILY_IPV6] += type != RR_TYPE_A;
	}
	return answer->outcome == RR_FOUND;
}

static void add_network(struct spf_ranges *ranges, const struct address *address,
	const struct spf_term *term)
{
	static const struct address MAPPED = {.bytes = {[10] = 0xff, [11] = 0xff}};
	const bool is_ipv4 = address_is_ipv4(address);
	const struct spf_range ipv4 = spf_range_of(&MAPPED, 0);
	const struct spf_range range =
		spf_range_of(address, is_ipv4 ? term->bits4 : term->bits6);
	struct spf_ranges one = {.count = 0};
	spf_ranges_add(&one, &range);
	if (!is_ipv4) { /* a prefix of IPv6 holds no client of IPv4 */
		spf_ranges_cut(&one, &ipv4, NULL);
	}
	for (size_t i = 0; i < one.count; i++) {
		spf_ranges_add(ranges, &one.list[i]);
	}
	spf_ranges_free(&one);
}

static void add_host(struct walk *walk, const char *name, enum rr_type type,
	const struct spf_term *term, struct spf_ranges *ranges)
{
	struct rr_answer answer;
	struct address address;
	(void)look_up(walk, name, type, &answer);
	for (size_t i = 0; i < answer.count; i++) {
		if (rr_data_address(&answer.list[i], &address)) {
			add_network(ranges, &address, term);
		}
	}
}

static void add_hosts(struct walk *walk, const char *name, const struct spf_term *term,
	struct spf_ranges *ranges)
{
	add_host(walk, name, RR_TYPE_A, term, ranges);
	add_host(walk, name, RR_TYPE_AAAA, term, ranges);
}

static void add_exchangers(struct walk *walk, const char *name,
	const struct spf_term *term, struct spf_ranges *ranges)
{
	struct rr_answer answer;
	char host[RR_NAME_BYTES];
	(void)look_up(walk, name, RR_TYPE_MX, &answer);
	if (answer.count > SPF_NAMES_MAX) {
		fail(walk, SPF_PERMERROR, "%.100s of %s: more than %d MX", term->text,
			walk->domain, SPF_NAMES_MAX);
		return;
	}
	for (size_t i = 0; i < answer.count; i++) {
		if (rr_data_name(&answer.list[i], RR_TYPE_MX, host) &&
			host[0] != '\0') {
			add_hosts(walk, host, term, ranges);
		}
	}
}

/* What is left of all addresses here, matches: with the result of the term. */
static void take(struct spf_ranges *left, const struct spf_ranges *matching,
	const char *origin, struct spf_ranges *passes)
{
	for (size_t i = 0; i < matching->count; i++) {
		struct spf_range range = matching->list[i];
		range.origin = origin ? origin : range.origin;
		spf_ranges_cut(left, &range, passes);
	}
}

/* NOLINTBEGIN(misc-no-recursion): records that lead to others, FOLLOWED_MAX at most */

/* Follow a record that another one names, as if its terms stood here. */
static void follow(struct walk *walk, const char *name, const char *term,
	struct spf_ranges *left, struct spf_ranges *passes)
{
	const char *domain = walk->domain;
	const char *origin = walk->origin;
	walk->origin = origin_of(walk, term);
	walk->depth++;
	flatten_domain(walk, name, left, passes);
	walk->depth--;
	walk->origin = origin;
	walk->domain = domain;
}

/* Only a pass inside matches; what is left inside is no matter of the record outside. */
static void include(struct walk *walk, const char *name, const struct spf_term *term,
	struct spf_ranges *left, struct spf_ranges *passes)
{
	struct spf_ranges inside = {.count = 0};
	struct spf_ranges matching = {.count = 0};
	for (size_t i = 0; i < left->count; i++) {
		spf_ranges_add(&inside, &left->list[i]);
	}
	walk->inside++;
	follow(walk, name, term->text, &inside, &matching);
	walk->inside--;
	walk->flat->passes.lost += inside.lost + matching.lost;
	take(left, &matching, NULL, passes);
	spf_ranges_free(&inside);
	spf_ranges_free(&matching);
}

static bool count_term(struct walk *walk)
{
	return ++walk->flat->terms <= FOLLOWED_MAX;
}

static void flatten_named(struct walk *walk, const struct spf_term *term,
	struct spf_ranges *left, struct spf_ranges *passes)
{
	const struct spf_values values = {value_of, walk};
	struct spf_ranges matching = {.count = 0};
	char name[RR_NAME_BYTES];
	if (!count_term(walk)) {
		return;
	}
	const bool is_known =
		spf_expand_name(&values, term->domain ? term->domain : "%{d}", name);
	walk->flat->has_ptr = walk->flat->has_ptr || term->mechanism == SPF_PTR;
	if (!is_known || term->mechanism == SPF_PTR || term->mechanism == SPF_EXISTS) {
		add_unknown(walk, term->text);
		return;
	}
	if (term->mechanism == SPF_INCLUDE) {
		include(walk, name, term, left, passes);
		return;
	}
	if (term->mechanism == SPF_A) {
		add_hosts(walk, name, term, &matching);
	} else {
		add_exchangers(walk, name, term, &matching);
	}
	take(left, &matching, origin_of(walk, term->text), passes);
	walk->flat->passes.lost += matching.lost;
	spf_ranges_free(&matching);
}

static void flatten_all(struct walk *walk, const struct spf_term *term,
	struct spf_ranges *left, struct spf_ranges *passes)
{
	struct spf_ranges all;
	if (walk->inside == 0) {
		walk->flat->rest = term->result;
	}
	spf_ranges_of_all(&all);
	take(left, &all, origin_of(walk, term->text), passes);
	spf_ranges_free(&all);
}

/* passes: NULL where who matches does not pass. */
static void flatten_term(struct walk *walk, const struct spf_term *term,
	struct spf_ranges *left, struct spf_ranges *passes)
{
	struct spf_ranges matching = {.count = 0};
	switch (term->mechanism) {
	case SPF_ALL:
		flatten_all(walk, term, left, passes);
		return;
	case SPF_IP4:
	case SPF_IP6:
		if ((term->mechanism == SPF_IP4) == address_is_ipv4(&term->network)) {
			add_network(&matching, &term->network, term);
		}
		take(left, &matching, origin_of(walk, term->text), passes);
		spf_ranges_free(&matching);
		return;
	default:
		flatten_named(walk, term, left, passes);
	}
}

static bool has_all(const struct spf_record *record)
{
	for (size_t i = 0; i < record->count; i++) {
		if (record->terms[i].mechanism == SPF_ALL) {
			return true;
		}
	}
	return false;
}

static void flatten_record(struct walk *walk, const struct spf_record *record,
	struct spf_ranges *left, struct spf_ranges *passes)
{
	const struct spf_values values = {value_of, walk};
	char name[RR_NAME_BYTES];
	for (size_t i = 0; i < record->count; i++) {
		const struct spf_term *term = &record->terms[i];
		if (walk->steps++ == STEPS_MAX) {
			walk->flat->passes.lost++;
			return;
		}
		flatten_term(
			walk, term, left, term->result == SPF_PASS ? passes : NULL);
		if (term->mechanism == SPF_ALL) {
			return;
		}
	}
	if (!record->redirect || has_all(record) || !count_term(walk)) {
		return;
	}
	const char *term = text_of(walk, "redirect=%.150s", record->redirect);
	if (!spf_expand_name(&values, record->redirect, name)) {
		add_unknown(walk, term);
		return;
	}
	follow(walk, name, term, left, passes);
}

static void flatten_domain(struct walk *walk, const char *domain,
	struct spf_ranges *left, struct spf_ranges *passes)
{
	struct arena *arena = &walk->flat->arena;
	struct spf_record record = {.count = 0};
	struct rr_data text;
	struct reason why;
	char missing[SPF_TEXT_BYTES];
	const enum spf_result found =
		spf_find_record(walk->resolver, arena, domain, &text, missing);
	if (found != SPF_NEUTRAL) {
		const bool is_led_to = walk->depth > 0 && found == SPF_NONE;
		fail(walk, is_led_to ? SPF_PERMERROR : found, "%s%s%s",
			is_led_to ? walk->origin : "", is_led_to ? ": " : "", missing);
		return;
	}
	walk->domain = arena_text(arena, domain, strlen(domain));
	if (spf_record_read(&record, arena, (const char *)text.bytes, text.len, &why)) {
		if (walk->depth == 0) {
			walk->flat->record =
				arena_text(arena, (const char *)text.bytes, text.len);
		}
		flatten_record(walk, &record, left, passes);
	} else {
		fail(walk, SPF_PERMERROR, "record of %s: %s", domain, why.text);
	}
	spf_record_free(&record);
}

/* NOLINTEND(misc-no-recursion) */

/* Of a family that nobody may send from, a record that breaks lets nobody down. */
static bool may_matter(const struct spf_flat *flat, bool is_ipv4)
{
	for (size_t i = 0; i < flat->passes.count; i++) {
		if (address_is_ipv4(&flat->passes.list[i].last) == is_ipv4) {
			return true;
		}
	}
	return flat->passes.count == 0;
}

static void judge_bounds(struct walk *walk)
{
	const struct spf_flat *flat = walk->flat;
	if (flat->terms > SPF_TERMS_MAX) {
		fail(walk, SPF_PERMERROR, "%s%u terms look up, of %d that may",
			flat->terms > FOLLOWED_MAX ? "more than " : "",
			flat->terms > FOLLOWED_MAX ? FOLLOWED_MAX : flat->terms,
			SPF_TERMS_MAX);
	}
	for (int family = 0; family < 2; family++) {
		if (flat->voids[family] > SPF_VOIDS_MAX &&
			may_matter(flat, family == SPF_FAMILY_IPV4)) {
			fail(walk, SPF_PERMERROR,
				"%u look-ups find nothing for a client of IPv%d, of %d "
				"that may",
				flat->voids[family], family == SPF_FAMILY_IPV4 ? 4 : 6,
				SPF_VOIDS_MAX);
		}
	}
	if (flat->passes.lost > 0) {
		fail(walk, SPF_TEMPERROR, "more ranges of addresses than are kept");
	}
}

void spf_flatten(
	const struct rr_resolver *resolver, const char *domain, struct spf_flat *flat)
{
	struct walk walk = {
		.resolver = resolver, .flat = flat, .root = domain, .domain = domain};
	struct spf_ranges left;
	memset(flat, 0, sizeof(*flat));
	flat->state = SPF_NEUTRAL;
	flat->rest = SPF_NEUTRAL;
	spf_ranges_of_all(&left);
	flatten_domain(&walk, domain, &left, &flat->passes);
	flat->passes.lost += left.lost;
	spf_ranges_free(&left);
	judge_bounds(&walk);
}

void spf_flat_free(struct spf_flat *flat)
{
	spf_ranges_free(&flat->passes);
	arena_free(&flat->arena);
}
