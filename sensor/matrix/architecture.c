#include "matrix/architecture.h"

#include "matrix/architecture_rows.h"

#include <stdarg.h>
#include <stdlib.h>

static architecture_rule *const RULES[] = {
	architecture_mailbox_internet,
	architecture_relay_chain,
	architecture_gateway_roles,
	architecture_senders,
	architecture_readers,
	architecture_users_protected,
	architecture_servers_protected,
	architecture_version,
	architecture_user_access,
};

static bool is_covering(const struct architecture *architecture,
	const struct matrix_acceptance *acceptance,
	const struct architecture_subject *subject)
{
	if (!acceptance ||
		!acceptance_is_in_force(acceptance, architecture->review.now_s)) {
		return false;
	}
	return (acceptance->findings & acceptance_finding_bit(subject->finding)) != 0 ||
	       acceptance_has_recommendation(acceptance, subject->recommendation);
}

static const struct matrix_acceptance *find_acceptance(
	const struct architecture *architecture,
	const struct architecture_subject *subject,
	const struct matrix_acceptance *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_covering(architecture, list[i], subject)) {
			return list[i];
		}
	}
	return NULL;
}

/* text, and by whom it is accepted, or NULL. */
static void tell(struct architecture *architecture, const struct matrix_place *place,
	const char *label, const char *text, const struct matrix_acceptance *by)
{
	char words[ACCEPTANCE_TEXT_BYTES];
	if (!by) {
		review_tell(&architecture->review, place, label, "%s", text);
	} else if (architecture->accepted.told) {
		review_tell(&architecture->accepted, place, label, "%s; accepted by %s",
			text, acceptance_text(by, words));
	}
}

static const struct matrix_acceptance *acceptance_of(const struct matrix_group *group)
{
	return group ? group->acceptance : NULL;
}

void architecture_tell(struct architecture *architecture, const struct matrix_row *row,
	const struct architecture_subject *subject, const char *format, ...)
{
	const struct matrix_acceptance *const list[] = {row->acceptance,
		acceptance_of(row->from.group), acceptance_of(row->to.group)};
	char label[80];
	char text[300];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)snprintf(
		label, sizeof(label), "%s row %.60s", subject->recommendation, row->id);
	tell(architecture, &row->place, label, text,
		find_acceptance(architecture, subject, list, 3));
}

bool architecture_is_server(enum matrix_role role)
{
	return role == MATRIX_ROLE_SUBMISSION || role == MATRIX_ROLE_MAILBOX ||
	       role == MATRIX_ROLE_RELAY || role == MATRIX_ROLE_OUTBOUND ||
	       role == MATRIX_ROLE_INBOUND;
}

static size_t group_index(const struct matrix *matrix, const struct matrix_group *group)
{
	return (size_t)(group - matrix->groups);
}

static const struct matrix_zone *zone_of(
	const struct matrix *matrix, const struct lookup_prefix *prefix)
{
	const struct lookup_prefix *found =
		lookup_find(&matrix->zone_prefixes, &prefix->network.base);
	return &matrix->zones[found ? found->owner : 0];
}

static bool is_misplaced(
	const struct matrix *matrix, const struct lookup_prefix *prefix)
{
	return matrix->groups[prefix->owner].role == MATRIX_ROLE_MAILBOX &&
	       strcmp(zone_of(matrix, prefix)->name, "internal") != 0;
}

/* count: the prefixes of its group that stand outside. */
static void tell_misplaced(struct architecture *architecture,
	const struct lookup_prefix *prefix, uint32_t count)
{
	static const struct architecture_subject MISPLACED = {
		"R34", "zone.mailbox-misplaced"};
	const struct matrix *matrix = architecture->review.matrix;
	const struct matrix_place place = {matrix->files[prefix->file], prefix->line};
	const struct matrix_group *group = &matrix->groups[prefix->owner];
	char network[NETWORK_TEXT_BYTES];
	char others[40] = "";
	char text[300];
	if (count > 1) {
		(void)snprintf(
			others, sizeof(others), ", as do %u more of it", count - 1);
	}
	(void)snprintf(text, sizeof(text),
		"mailbox server %s (group %s) stands in zone %s%s; it belongs "
		"into internal, behind the gateway",
		network_text(&prefix->network, network), group->name,
		zone_of(matrix, prefix)->name, others);
	tell(architecture, &place, MISPLACED.recommendation, text,
		find_acceptance(architecture, &MISPLACED, &group->acceptance, 1));
}

/* R34: every address of a mailbox server stands in zone internal. Once a group. */
static void review_mailboxes(struct architecture *architecture)
{
	const struct matrix *matrix = architecture->review.matrix;
	const struct lookup *groups = &matrix->group_prefixes;
	uint32_t *outside = architecture->outside;
	for (size_t i = 0; i < groups->prefix_count; i++) {
		const struct lookup_prefix *prefix = &groups->prefixes[i];
		outside[prefix->owner] += is_misplaced(matrix, prefix);
	}
	for (size_t i = 0; i < groups->prefix_count; i++) {
		const struct lookup_prefix *prefix = &groups->prefixes[i];
		if (outside[prefix->owner] > 0 && is_misplaced(matrix, prefix)) {
			tell_misplaced(architecture, prefix, outside[prefix->owner]);
			outside[prefix->owner] = 0;
		}
	}
}

static bool is_gateway_pair(enum matrix_role a, enum matrix_role b)
{
	return (a == MATRIX_ROLE_OUTBOUND && b == MATRIX_ROLE_INBOUND) ||
	       (a == MATRIX_ROLE_INBOUND && b == MATRIX_ROLE_OUTBOUND);
}

static bool holds(const struct network *wide, const struct network *narrow)
{
	const struct address last = network_last(wide);
	return memcmp(wide->base.bytes, narrow->base.bytes, 16) <= 0 &&
	       memcmp(narrow->base.bytes, last.bytes, 16) <= 0;
}

/* Tell of what lies in both groups, if they are of both kinds. */
static void review_nested(struct architecture *architecture,
	const struct lookup_prefix *wide, const struct lookup_prefix *narrow)
{
	static const struct architecture_subject SHARED = {"R36", NULL};
	const struct matrix *matrix = architecture->review.matrix;
	const struct matrix_group *outer = &matrix->groups[wide->owner];
	const struct matrix_group *inner = &matrix->groups[narrow->owner];
	const struct matrix_acceptance *const list[] = {
		inner->acceptance, outer->acceptance};
	char network[NETWORK_TEXT_BYTES];
	char text[300];
	if (!is_gateway_pair(outer->role, inner->role)) {
		return;
	}
	const struct matrix_place place = {matrix->files[narrow->file], narrow->line};
	(void)snprintf(text, sizeof(text),
		"%s of %s group %s lies in %s group %s too; what sends to the Internet "
		"and what receives are separate servers",
		network_text(&narrow->network, network), matrix_role_name(inner->role),
		inner->name, matrix_role_name(outer->role), outer->name);
	tell(architecture, &place, SHARED.recommendation, text,
		find_acceptance(architecture, &SHARED, list, 2));
}

/* R36: an address written in groups of both kinds. Prefixes come sorted, wider first. */
static void review_shared_addresses(struct architecture *architecture)
{
	const struct lookup *groups = &architecture->review.matrix->group_prefixes;
	for (size_t i = 0; i < groups->prefix_count; i++) {
		const struct lookup_prefix *wide = &groups->prefixes[i];
		for (size_t j = i + 1;
			j < groups->prefix_count &&
			holds(&wide->network, &groups->prefixes[j].network);
			j++) {
			review_nested(architecture, wide, &groups->prefixes[j]);
		}
	}
}

/* What exchanges mail with the Internet: the gateway's servers, and whoever a row lets. */
static void find_exposed(struct architecture *architecture)
{
	const struct matrix *matrix = architecture->review.matrix;
	for (size_t i = 0; i < matrix->group_count; i++) {
		const enum matrix_role role = matrix->groups[i].role;
		architecture->is_exposed[i] =
			role == MATRIX_ROLE_OUTBOUND || role == MATRIX_ROLE_INBOUND;
	}
	for (size_t i = 0; i < matrix->row_count; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		if (!review_lists_sending(row) || row->is_probe ||
			!review_is_in_force(&architecture->review, row)) {
			continue;
		}
		if (row->from.group && review_is_internet(matrix, &row->to)) {
			architecture->is_exposed[group_index(matrix, row->from.group)] =
				true;
		}
		if (row->to.group && review_is_internet(matrix, &row->from)) {
			architecture->is_exposed[group_index(matrix, row->to.group)] =
				true;
		}
	}
}

void architecture_breaches(const struct matrix *matrix, int64_t now_s,
	struct matrix_problems *breaches, struct matrix_problems *accepted)
{
	*breaches = (struct matrix_problems){0};
	if (accepted) {
		*accepted = (struct matrix_problems){0};
	}
	struct architecture architecture = {
		.review = {matrix, now_s, breaches},
		.accepted = {matrix, now_s, accepted},
		.is_exposed = calloc(matrix->group_count + 1, sizeof(bool)),
		.outside = calloc(matrix->group_count + 1, sizeof(uint32_t)),
	};
	if (!architecture.is_exposed || !architecture.outside) {
		abort();
	}
	find_exposed(&architecture);
	review_mailboxes(&architecture);
	review_shared_addresses(&architecture);
	for (size_t i = 0; i < matrix->row_count; i++) {
		const struct matrix_row *row = &matrix->rows[i];
		/* a probe sends and reads nothing */
		const bool is_in_force =
			!row->is_probe && review_is_in_force(&architecture.review, row);
		for (size_t j = 0; is_in_force && j < sizeof(RULES) / sizeof(*RULES);
			j++) {
			RULES[j](&architecture, row);
		}
	}
	free(architecture.is_exposed);
	free(architecture.outside);
}
