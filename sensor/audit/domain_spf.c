#include "audit/domain_checks.h"

#include "audit/spf_flat.h"

#include <string.h>

#define LISTED_MAX 4                   /* ranges of one term that are named */
#define WIDE       (UINT64_C(1) << 24) /* addresses of IPv4: a /8 */
#define ANYBODY    (UINT64_C(1) << 31)

static const struct audit_check SPF_VALID = {
	"spf.valid", "there is one SPF record, and it can be followed", SEVERITY_HIGH};
static const struct audit_check SPF_REST = {"spf.rest",
	"who is not named in the SPF record is refused or doubted", SEVERITY_HIGH};
static const struct audit_check SPF_NARROW = {
	"spf.narrow", "the SPF record lets few addresses send", SEVERITY_HIGH};
static const struct audit_check SPF_PTR_UNUSED = {"spf.ptr",
	"the SPF record does without ptr (RFC 7208, section 5.5)", SEVERITY_LOW};
static const struct audit_check SPF_PUBLISHED = {"spf.published",
	"each server declared to send to the Internet may send by SPF", SEVERITY_HIGH};
static const struct audit_check SPF_DECLARED = {"spf.declared",
	"who may send by SPF is declared to send to the Internet", SEVERITY_MEDIUM};

static void check_valid(struct domain_run *run, const struct spf_flat *flat)
{
	switch (flat->state) {
	case SPF_NEUTRAL:
		domain_answer(run, &SPF_VALID, AUDIT_YES,
			"%u of %d terms that look up; %.400s", flat->terms,
			SPF_TERMS_MAX, flat->record);
		break;
	case SPF_TEMPERROR:
		domain_answer(run, &SPF_VALID, AUDIT_UNASKED, "%s", flat->why);
		break;
	default:
		domain_answer(run, &SPF_VALID, AUDIT_NO, "%s", flat->why);
	}
}

static void check_rest(struct domain_run *run, const struct spf_flat *flat)
{
	const bool is_refused = flat->rest == SPF_FAIL || flat->rest == SPF_SOFTFAIL;
	domain_answer(run, &SPF_REST, is_refused ? AUDIT_YES : AUDIT_NO,
		"all others: %s", spf_result_name(flat->rest));
}

/* Whoever lets anybody send, by "+all" at the end, was told so already. */
static void check_narrow(struct domain_run *run, const struct spf_flat *flat)
{
	const uint64_t count = spf_ranges_ipv4(&flat->passes);
	if (flat->rest == SPF_PASS) {
		return;
	}
	domain_answer(run, &SPF_NARROW, count < WIDE ? AUDIT_YES : AUDIT_NO,
		"%llu addresses of IPv4", (unsigned long long)count);
}

static void check_ptr(struct domain_run *run, const struct spf_flat *flat)
{
	domain_answer(run, &SPF_PTR_UNUSED, flat->has_ptr ? AUDIT_NO : AUDIT_YES, "%s",
		flat->has_ptr ? "ptr is slow, and receivers may leave it out"
			      : "no ptr");
}

static bool is_private(const struct declared_range *range)
{
	static const struct {
		const char *base;
		unsigned bits;
	} PRIVATE[] = {{"10.0.0.0", 8}, {"172.16.0.0", 12}, {"192.168.0.0", 16},
		{"fc00::", 7}}; /* RFC 1918, RFC 4193 */
	for (size_t i = 0; i < sizeof(PRIVATE) / sizeof(PRIVATE[0]); i++) {
		struct address base;
		if (!address_parse(PRIVATE[i].base, &base)) {
			continue;
		}
		const struct spf_range all = spf_range_of(&base, PRIVATE[i].bits);
		if (memcmp(range->first.bytes, all.first.bytes, 16) >= 0 &&
			memcmp(range->last.bytes, all.last.bytes, 16) <= 0) {
			return true;
		}
	}
	return false;
}

/* What of the range no term lets send. */
static void find_missing(const struct spf_flat *flat,
	const struct declared_range *range, struct spf_ranges *missing)
{
	const struct spf_range whole = {range->first, range->last, NULL};
	spf_ranges_add(missing, &whole);
	for (size_t i = 0; i < flat->passes.count; i++) {
		spf_ranges_cut(missing, &flat->passes.list[i], NULL);
	}
}

/* One address can be asked about as a receiver does, its macros with it. */
static enum audit_state ask_one(const struct domain_run *run,
	const struct address *address, struct spf_verdict *verdict)
{
	const struct spf_question question = {.resolver = run->audit->resolver,
		.client = *address,
		.domain = run->domain,
		.now_s = run->audit->now_s};
	spf_check_host(&question, verdict);
	switch (verdict->result) {
	case SPF_PASS:
		return AUDIT_YES;
	case SPF_TEMPERROR:
		return AUDIT_UNASKED;
	default:
		return AUDIT_NO;
	}
}

static void answer_missing(struct domain_run *run, const struct spf_flat *flat,
	const struct declared_range *range, const struct spf_range *missing)
{
	char text[DECLARED_TEXT_BYTES];
	char part[SPF_RANGE_BYTES];
	struct spf_verdict verdict = {.why = "no term names them"};
	enum audit_state state = AUDIT_NO;
	(void)declared_text(range, text);
	if (flat->state == SPF_TEMPERROR) {
		state = AUDIT_UNASKED;
		(void)snprintf(verdict.why, sizeof(verdict.why), "%s", flat->why);
	} else if (address_equal(&missing->first, &missing->last)) {
		state = ask_one(run, &missing->first, &verdict);
	} else if (flat->unknown_count > 0) {
		state = AUDIT_UNASKED;
		(void)snprintf(verdict.why, sizeof(verdict.why),
			"%.300s depends on who sends", flat->unknown[0].term);
	}
	if (state != AUDIT_YES) {
		domain_answer(run, &SPF_PUBLISHED, state, "%s: %s: %.300s", text,
			spf_range_text(missing, part), verdict.why);
	}
}

static void check_range(struct domain_run *run, const struct spf_flat *flat,
	const struct declared_range *range)
{
	struct spf_ranges missing = {.count = 0};
	char text[DECLARED_TEXT_BYTES];
	find_missing(flat, range, &missing);
	if (missing.count > 0 && is_private(range)) {
		domain_answer(run, &SPF_PUBLISHED, AUDIT_UNASKED,
			"%s: a private address; what it becomes outside is not "
			"declared",
			declared_text(range, text));
	} else {
		for (size_t i = 0; i < missing.count && i < LISTED_MAX; i++) {
			answer_missing(run, flat, range, &missing.list[i]);
		}
	}
	spf_ranges_free(&missing);
}

static void check_published(struct domain_run *run, const struct spf_flat *flat)
{
	run->told = 0;
	for (size_t i = 0; i < run->senders.count; i++) {
		check_range(run, flat, &run->senders.list[i]);
	}
	if (run->told == 0 && run->senders.count > 0) {
		domain_answer(run, &SPF_PUBLISHED, AUDIT_YES, "all of %zu",
			run->senders.count);
	}
}

/* Adds what of the published range nobody declared. */
static void find_undeclared(const struct domain_run *run, const struct spf_range *range,
	struct spf_ranges *undeclared)
{
	struct spf_ranges left = {.count = 0};
	spf_ranges_add(&left, range);
	for (size_t i = 0; i < run->senders.count; i++) {
		const struct spf_range declared = {
			run->senders.list[i].first, run->senders.list[i].last, NULL};
		spf_ranges_cut(&left, &declared, NULL);
	}
	for (size_t i = 0; i < left.count; i++) {
		spf_ranges_add(undeclared, &left.list[i]);
	}
	spf_ranges_free(&left);
}

/* Those of one term, which stand together: one answer. Returns how many. */
static size_t answer_undeclared(
	struct domain_run *run, const struct spf_range *list, size_t count)
{
	char text[LISTED_MAX * (SPF_RANGE_BYTES + 2)] = "";
	char part[SPF_RANGE_BYTES];
	size_t same = 0;
	size_t len = 0;
	while (same < count && strcmp(list[same].origin, list[0].origin) == 0) {
		if (same < LISTED_MAX) {
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
				same > 0 ? ", " : "",
				spf_range_text(&list[same], part));
		}
		same++;
	}
	if (same > LISTED_MAX) {
		domain_answer(run, &SPF_DECLARED, AUDIT_NO,
			"%s and %zu more, by %.400s: published and not declared", text,
			same - LISTED_MAX, list[0].origin);
	} else {
		domain_answer(run, &SPF_DECLARED, AUDIT_NO,
			"%s, by %.400s: published and not declared", text,
			list[0].origin);
	}
	return same;
}

static void check_declared(struct domain_run *run, const struct spf_flat *flat)
{
	struct spf_ranges undeclared = {.count = 0};
	run->told = 0;
	for (size_t i = 0; i < flat->passes.count; i++) {
		find_undeclared(run, &flat->passes.list[i], &undeclared);
	}
	for (size_t i = 0; i < undeclared.count;) {
		i += answer_undeclared(run, undeclared.list + i, undeclared.count - i);
	}
	for (size_t i = 0; i < flat->unknown_count && i < SPF_UNKNOWN_MAX; i++) {
		domain_answer(run, &SPF_DECLARED, AUDIT_UNASKED,
			"%.400s: whom it lets send depends on who sends",
			flat->unknown[i].term);
	}
	if (flat->state == SPF_TEMPERROR) {
		domain_answer(run, &SPF_DECLARED, AUDIT_UNASKED, "%s", flat->why);
	} else if (run->told == 0) {
		domain_answer(run, &SPF_DECLARED, AUDIT_YES, "%zu ranges of addresses",
			flat->passes.count);
	}
	spf_ranges_free(&undeclared);
}

void domain_check_spf(struct domain_run *run)
{
	struct spf_flat flat;
	spf_flatten(run->audit->resolver, run->domain, &flat);
	check_valid(run, &flat);
	if (flat.record && flat.state != SPF_TEMPERROR) {
		check_rest(run, &flat);
		check_narrow(run, &flat);
		check_ptr(run, &flat);
	}
	if (flat.record || flat.state == SPF_TEMPERROR) {
		check_published(run, &flat);
	}
	/* anybody may, was told above */
	if (flat.record && spf_ranges_ipv4(&flat.passes) < ANYBODY) {
		check_declared(run, &flat);
	}
	spf_flat_free(&flat);
}
