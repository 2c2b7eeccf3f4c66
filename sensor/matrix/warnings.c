#include "matrix/acceptance.h"
#include "matrix/expiry.h"
#include "matrix/review.h"
#include "matrix/sentence.h"

#include <stdlib.h>
#include <string.h>

static void review_breadth(struct review *review, const struct matrix_row *row)
{
	if (review_lists_all(row)) {
		review_tell(review, &row->place, "warning",
			"row %s allows all mail protocols; list those it needs",
			row->id);
	}
	if (row->is_any_port) {
		review_tell(review, &row->place, "warning",
			"row %s allows any port, so the sensor does not report a "
			"mail protocol on a port not its own",
			row->id);
	}
}

static void review_expiry(struct review *review, const struct matrix_row *row)
{
	char day[SENTENCE_DAY_BYTES];
	if (row->expires_s == 0) {
		return;
	}
	(void)sentence_last_day(row->expires_s, day);
	if (!review_is_in_force(review, row)) {
		review_tell(review, &row->place, "warning",
			"row %s expired: its last day was %s, it allows nothing",
			row->id, day);
	} else if (row->expires_s - review->now_s <= MATRIX_EXPIRY_SOON_S) {
		review_tell(review, &row->place, "warning",
			"row %s expires soon: its last day is %s", row->id, day);
	}
}

/* What traffic proposed is somebody's own once an owner stands in it. */
static void review_learned(struct review *review, const struct matrix_row *row)
{
	char day[SENTENCE_DAY_BYTES];
	if (row->learned_s != 0 && !row->owner) {
		review_tell(review, &row->place, "warning",
			"row %s was learned on %s and has no owner; name one", row->id,
			sentence_last_day(row->learned_s, day));
	}
}

/* What is accepted until a day is told again behind it. */
static void review_acceptance(
	struct review *review, const struct matrix_acceptance *acceptance)
{
	char day[SENTENCE_DAY_BYTES];
	if (!acceptance || acceptance->until_s == 0) {
		return;
	}
	(void)sentence_last_day(acceptance->until_s, day);
	if (!acceptance_is_in_force(acceptance, review->now_s)) {
		review_tell(review, &acceptance->place, "warning",
			"%s accepts nothing any more: its last day was %s, %s is "
			"reported again",
			acceptance->by, day, acceptance->what);
	} else if (acceptance->until_s - review->now_s <= MATRIX_EXPIRY_SOON_S) {
		review_tell(review, &acceptance->place, "warning",
			"%s soon accepts no %s any more: its last day is %s",
			acceptance->by, acceptance->what, day);
	}
}

static void review_accepted(struct review *review, const struct matrix_row *row)
{
	review_acceptance(review, row->acceptance);
	for (uint64_t idle = acceptance_idle(row); idle != 0; idle &= idle - 1) {
		const char *id = acceptance_finding_id((size_t)__builtin_ctzll(idle));
		review_tell(review, &row->acceptance->place, "warning",
			"row %s accepts %s, which no flow that it allows can "
			"raise",
			row->id, id);
	}
}

/* tls: starttls with smtps only, or implicit with smtp only: no flow can be both. */
static void review_contradiction(struct review *review, const struct matrix_row *row)
{
	uint32_t possible = 0;
	for (int i = PROTOCOL_SMTP; i < PROTOCOL_ATTEMPT; i++) {
		const struct protocol_row *known = protocol_row((enum protocol)i);
		const bool is_implicit =
			known->is_implicit_tls || known->is_inside_http;
		const bool is_starttls = !is_implicit && i != PROTOCOL_MAPI_RPC;
		if (row->tls == MATRIX_TLS_STARTTLS ? is_starttls : is_implicit) {
			possible |= PROTOCOL_BIT(i);
		}
	}
	if ((row->tls == MATRIX_TLS_STARTTLS || row->tls == MATRIX_TLS_IMPLICIT) &&
		(row->protocols & possible) == 0) {
		char list[SENTENCE_LIST_BYTES];
		review_tell(review, &row->place, "warning",
			"row %s can allow nothing: tls: %s does not go with %s",
			row->id, matrix_tls_name(row->tls),
			sentence_protocols(row->protocols, "or", list));
	}
}

static void review_roles(struct review *review, const struct matrix_row *row)
{
	const enum matrix_role to = review_role(&row->to);
	const bool is_store = to == MATRIX_ROLE_MAILBOX || to == MATRIX_ROLE_PROXY ||
			      to == MATRIX_ROLE_NONE;
	if (to == MATRIX_ROLE_CLIENT) {
		review_tell(review, &row->place, "warning",
			"row %s goes to clients, which serve no mail", row->id);
	} else if (review_role(&row->from) != MATRIX_ROLE_CLIENT && !is_store &&
		   review_lists_access(row) && !review_lists_all(row)) {
		review_tell(review, &row->place, "warning",
			"row %s reads mail from %s, whose role %s keeps none", row->id,
			row->to.group->name, matrix_role_name(to));
	}
	const struct matrix_end *ends[] = {&row->from, &row->to};
	for (size_t i = 0; i < 2; i++) {
		if (ends[i]->group &&
			ends[i]->group->service == MATRIX_SERVICE_TECHNICAL &&
			review_is_internet(review->matrix, ends[1 - i])) {
			review_tell(review, &row->place, "warning",
				"row %s joins technical group %s to the Internet",
				row->id, ends[i]->group->name);
		}
	}
}

static bool is_covered(const struct matrix_row *earlier, const struct matrix_row *row)
{
	const bool has_same_ports = (earlier->is_any_port || row->port_count == 0) &&
				    earlier->port_count == 0 &&
				    (earlier->is_any_port || !row->is_any_port);
	return (row->protocols & ~earlier->protocols) == 0 && has_same_ports &&
	       (earlier->tls == row->tls || earlier->tls == MATRIX_TLS_OPTIONAL) &&
	       (earlier->min_tls == 0 || earlier->min_tls == row->min_tls) &&
	       !earlier->is_client_certificate_required && !earlier->is_probe &&
	       earlier->expires_s == 0;
}

/* by_from has rows of the same ends side by side, in file order. */
static void review_repeats(struct review *review)
{
	const struct matrix *matrix = review->matrix;
	for (size_t i = 1; i < matrix->row_count; i++) {
		const struct row_key *a = &matrix->by_from[i - 1];
		const struct row_key *b = &matrix->by_from[i];
		const struct matrix_row *row = &matrix->rows[b->row];
		if (a->from == b->from && a->to == b->to &&
			is_covered(&matrix->rows[a->row], row)) {
			review_tell(review, &row->place, "warning",
				"row %s is never needed: row %s allows it all", row->id,
				matrix->rows[a->row].id);
		}
	}
}

static bool end_is_used(const struct matrix *matrix, uint32_t key)
{
	const struct row_range from = matrix_rows_from(matrix, key, NAME_NONE);
	const struct row_range to = matrix_rows_to(matrix, key);
	return from.at < from.end || to.at < to.end;
}

static void review_group(struct review *review, size_t index)
{
	const struct matrix *matrix = review->matrix;
	const struct matrix_group *group = &matrix->groups[index];
	const uint32_t zone = matrix->group_zones[index];
	if (group->role != MATRIX_ROLE_RESOLVER &&
		!end_is_used(matrix, (uint32_t)(matrix->zone_count + index)) &&
		!end_is_used(matrix, zone)) {
		review_tell(review, &group->place, "warning", "group %s is in no row",
			group->name);
	}
	if (zone == 0 && matrix->zone_count > 1 && group->has_addresses &&
		group->role != MATRIX_ROLE_INBOUND &&
		group->role != MATRIX_ROLE_OUTBOUND) {
		review_tell(review, &group->place, "warning",
			"group %s is in no zone, so it counts as internet",
			group->name);
	}
}

/* Who answers for addresses is to be known where they decide. */
static void review_resolvers(struct review *review)
{
	const struct matrix *matrix = review->matrix;
	for (size_t i = 0; i < matrix->group_count && !matrix->has_resolvers; i++) {
		const struct matrix_group *group = &matrix->groups[i];
		if (!group->has_addresses) {
			review_tell(review, &group->place, "warning",
				"group %s is known by name and no group has role "
				"resolver: the sensor believes DNS answers of any host "
				"of a zone, and none of the Internet",
				group->name);
			return;
		}
	}
}

static void warn_prefix(struct review *review, const struct lookup *lookup,
	const struct lookup_prefix *prefix, const char *text)
{
	const struct matrix *matrix = review->matrix;
	const bool is_zone = lookup == &matrix->zone_prefixes;
	const struct matrix_place place = {matrix->files[prefix->file], prefix->line};
	char network[NETWORK_TEXT_BYTES];
	review_tell(review, &place, "warning", "%s of %s %s %s",
		network_text(&prefix->network, network), is_zone ? "zone" : "group",
		is_zone ? matrix->zones[prefix->owner].name
			: matrix->groups[prefix->owner].name,
		text);
}

static bool network_is_everything(const struct network *network)
{
	return network->bits == 0 ||
	       (network->bits == 96 && address_is_ipv4(&network->base));
}

/* A prefix that holds no interval names nobody: narrower ones cover it, or it is there twice. */
static void review_prefixes(struct review *review, const struct lookup *lookup)
{
	bool *is_holder = calloc(lookup->prefix_count + 1, sizeof(*is_holder));
	if (!is_holder) {
		abort();
	}
	for (size_t i = 0; i < lookup->interval_count; i++) {
		if (lookup->holders[i] != LOOKUP_NONE) {
			is_holder[lookup->holders[i]] = true;
		}
	}
	for (size_t i = 0; i < lookup->prefix_count; i++) {
		const struct lookup_prefix *prefix = &lookup->prefixes[i];
		const bool is_twice =
			i > 0 && prefix[-1].network.bits == prefix->network.bits &&
			address_equal(&prefix[-1].network.base, &prefix->network.base);
		if (network_is_everything(&prefix->network)) {
			warn_prefix(review, lookup, prefix,
				"is every address; the rest of the world is written "
				"\"internet\" in a row");
		}
		if (is_twice) {
			warn_prefix(review, lookup, prefix, "is written twice");
		} else if (!is_holder[i]) {
			warn_prefix(review, lookup, prefix,
				"holds nobody: narrower prefixes cover all of it");
		}
	}
	free(is_holder);
}

/* A group's addresses belong into one zone, its first. */
static void review_group_zones(struct review *review)
{
	const struct matrix *matrix = review->matrix;
	const struct lookup *groups = &matrix->group_prefixes;
	bool *is_told = calloc(matrix->group_count + 1, sizeof(*is_told));
	if (!is_told) {
		abort();
	}
	for (size_t i = 0; i < groups->prefix_count; i++) {
		const struct lookup_prefix *prefix = &groups->prefixes[i];
		const struct lookup_prefix *found =
			lookup_find(&matrix->zone_prefixes, &prefix->network.base);
		const uint32_t zone = found ? found->owner : 0;
		const uint32_t first = matrix->group_zones[prefix->owner];
		if (zone != first && !is_told[prefix->owner]) {
			is_told[prefix->owner] = true;
			review_tell(review, &matrix->groups[prefix->owner].place,
				"warning",
				"group %s stands in two zones, %s and %s; split it",
				matrix->groups[prefix->owner].name,
				matrix->zones[first].name, matrix->zones[zone].name);
		}
	}
	free(is_told);
}

void matrix_warnings(
	const struct matrix *matrix, int64_t now_s, struct matrix_problems *warnings)
{
	static void (*const ROW_REVIEWS[])(struct review *,
		const struct matrix_row *) = {review_roles, review_breadth,
		review_expiry, review_learned, review_accepted, review_contradiction};
	*warnings = (struct matrix_problems){0};
	struct review review = {matrix, now_s, warnings};
	review_prefixes(&review, &matrix->zone_prefixes);
	review_prefixes(&review, &matrix->group_prefixes);
	for (size_t i = 0; i < matrix->group_count; i++) {
		review_group(&review, i);
		review_acceptance(&review, matrix->groups[i].acceptance);
	}
	review_group_zones(&review);
	review_resolvers(&review);
	for (size_t i = 0; i < matrix->row_count; i++) {
		/* all but the first are of the row as written, not of its ends */
		const size_t count =
			matrix->rows[i].is_continued
				? 1
				: sizeof(ROW_REVIEWS) / sizeof(*ROW_REVIEWS);
		for (size_t j = 0; j < count; j++) {
			ROW_REVIEWS[j](&review, &matrix->rows[i]);
		}
	}
	review_repeats(&review);
}
