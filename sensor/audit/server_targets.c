#include "audit/server.h"

#include "audit/probe_words.h"
#include "base/arena.h"
#include "matrix/members.h"
#include "matrix/network.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TLS_1_2 0x0303 /* R41, R42: what is lower is obsolete */

struct collecting {
	struct server_targets *targets;
	const struct matrix *matrix;
	const struct matrix_members *members;
};

static int compare(const void *a, const void *b)
{
	const struct server_target *one = a;
	const struct server_target *other = b;
	const int order = memcmp(
		one->address.bytes, other->address.bytes, sizeof(one->address.bytes));
	return order != 0 ? order : (int)one->port - (int)other->port;
}

static bool is_asked(enum protocol protocol)
{
	return probe_words_of(protocol) != NULL;
}

static bool is_same_service(enum protocol one, enum protocol other)
{
	const struct protocol_row *a = protocol_row(one);
	const struct protocol_row *b = protocol_row(other);
	return a->family == b->family && a->is_implicit_tls == b->is_implicit_tls;
}

/* Which of the row's protocols it has at this port; UNKNOWN: none that is asked. */
static enum protocol protocol_at(
	const struct matrix_row *row, uint16_t port, bool *is_ambiguous)
{
	enum protocol found = PROTOCOL_UNKNOWN;
	*is_ambiguous = false;
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_MAIL_LAST; i++) {
		const enum protocol one = (enum protocol)i;
		if ((row->protocols & PROTOCOL_BIT(one)) == 0 || !is_asked(one)) {
			continue;
		}
		if (protocol_owns_port(one, port)) {
			*is_ambiguous = false;
			return one;
		}
		*is_ambiguous |=
			found != PROTOCOL_UNKNOWN && !is_same_service(found, one);
		found = found == PROTOCOL_UNKNOWN ? one : found;
	}
	return found;
}

static void add(struct server_targets *targets, const struct server_target *target)
{
	if (targets->count == SERVER_TARGETS_MAX) {
		targets->left_out++;
		return;
	}
	targets->list =
		list_room(targets->list, targets->count, sizeof(*targets->list));
	targets->list[targets->count++] = *target;
}

/* Every address of the group, where it is that group's indeed. */
static void add_member(struct collecting *work, const struct matrix_member *member,
	struct server_target *target)
{
	struct address address = member->first;
	for (unsigned i = 0; i < SERVER_MEMBER_ADDRESSES; i++) {
		target->address = address;
		if (matrix_locate(work->matrix, &address).group == target->group) {
			add(work->targets, target);
		}
		if (address_equal(&address, &member->last) || !network_next(&address)) {
			return;
		}
	}
}

static bool is_large(const struct matrix_member *member)
{
	struct address address = member->first;
	for (unsigned i = 1; i < SERVER_MEMBER_ADDRESSES; i++) {
		if (address_equal(&address, &member->last) || !network_next(&address)) {
			return false;
		}
	}
	return !address_equal(&address, &member->last);
}

static void add_port(struct collecting *work, const struct matrix_row *row,
	enum protocol protocol, uint16_t port)
{
	bool is_ambiguous = false;
	if (protocol == PROTOCOL_UNKNOWN) {
		protocol = protocol_at(row, port, &is_ambiguous);
	}
	if (protocol == PROTOCOL_UNKNOWN) {
		return;
	}
	struct server_target target = {.port = port,
		.protocol = (uint8_t)protocol,
		.min_tls = row->min_tls > TLS_1_2 ? row->min_tls : TLS_1_2,
		.is_between = protocol == PROTOCOL_SMTP || protocol == PROTOCOL_LMTP,
		.is_tls_asked = row->tls != MATRIX_TLS_OPTIONAL,
		.is_ambiguous = is_ambiguous,
		.group = row->to.group};
	for (size_t i = 0; i < work->members->count; i++) {
		const struct matrix_member *member = &work->members->list[i];
		if (member->group != row->to.group) {
			continue;
		}
		if (!is_large(member)) {
			add_member(work, member, &target);
		}
	}
}

static void add_row(struct collecting *work, const struct matrix_row *row)
{
	for (size_t i = 0; !row->is_any_port && i < row->port_count; i++) {
		add_port(work, row, PROTOCOL_UNKNOWN, row->ports[i]);
	}
	if (!row->is_any_port && row->port_count > 0) {
		return;
	}
	for (int i = PROTOCOL_UNKNOWN + 1; i < PROTOCOL_MAIL_LAST; i++) {
		const enum protocol one = (enum protocol)i;
		if ((row->protocols & PROTOCOL_BIT(one)) != 0 && is_asked(one)) {
			add_port(work, row, one, protocol_row(one)->ports[0]);
		}
	}
}

/* One of each address and port, as strict as the strictest row. */
static void join(struct server_targets *targets)
{
	size_t kept = 0;
	if (targets->count > 0) {
		qsort(targets->list, targets->count, sizeof(*targets->list), compare);
	}
	for (size_t i = 0; i < targets->count; i++) {
		const struct server_target *one = &targets->list[i];
		struct server_target *last = kept > 0 ? &targets->list[kept - 1] : NULL;
		if (!last || compare(last, one) != 0) {
			targets->list[kept++] = *one;
			continue;
		}
		last->min_tls =
			last->min_tls > one->min_tls ? last->min_tls : one->min_tls;
		last->is_tls_asked |= one->is_tls_asked;
		last->is_between &= one->is_between;
		last->is_ambiguous |= one->is_ambiguous ||
				      !is_same_service(last->protocol, one->protocol);
	}
	targets->count = kept;
}

static bool is_over(const struct matrix_row *row, int64_t now_s)
{
	return row->expires_s != 0 && now_s >= row->expires_s;
}

/* Networks of servers that have too many addresses to ask one by one. */
static size_t count_large(const struct collecting *work)
{
	size_t row_count = 0;
	size_t large = 0;
	const struct matrix_row *rows = matrix_rows(work->matrix, &row_count);
	for (size_t i = 0; i < work->members->count; i++) {
		const struct matrix_member *member = &work->members->list[i];
		bool is_server = false;
		for (size_t j = 0; j < row_count && !is_server; j++) {
			is_server = rows[j].to.group == member->group;
		}
		large += is_server && is_large(member);
	}
	return large;
}

bool server_targets_make(
	struct server_targets *targets, const struct matrix *matrix, int64_t now_s)
{
	struct matrix_members members;
	size_t count = 0;
	const struct matrix_row *rows = matrix_rows(matrix, &count);
	*targets = (struct server_targets){.list = NULL};
	if (!matrix_members_make(&members, matrix)) {
		return false;
	}
	struct collecting work = {
		.targets = targets, .matrix = matrix, .members = &members};
	for (size_t i = 0; i < count; i++) {
		if (rows[i].to.group && !is_over(&rows[i], now_s)) {
			add_row(&work, &rows[i]);
		}
	}
	targets->left_out += count_large(&work);
	matrix_members_free(&members);
	join(targets);
	return true;
}

void server_targets_free(struct server_targets *targets)
{
	list_free(targets->list);
	free(targets->observed);
	*targets = (struct server_targets){.list = NULL};
}

static bool is_called(const struct server_target *target, const char *word)
{
	struct address address;
	if (address_parse(word, &address)) {
		return address_equal(&address, &target->address);
	}
	if (strcmp(target->group->name, word) == 0) {
		return true;
	}
	for (size_t i = 0; i < target->group->name_count; i++) {
		if (strcasecmp(target->group->names[i], word) == 0) {
			return true;
		}
	}
	return false;
}

const char *server_targets_keep(
	struct server_targets *targets, const char *const *words, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		bool is_known = false;
		for (size_t j = 0; j < targets->count && !is_known; j++) {
			is_known = is_called(&targets->list[j], words[i]);
		}
		if (!is_known) {
			return words[i];
		}
	}
	for (size_t i = 0; i < targets->count; i++) {
		bool is_wanted = false;
		for (size_t j = 0; j < count && !is_wanted; j++) {
			is_wanted = is_called(&targets->list[i], words[j]);
		}
		if (is_wanted) {
			targets->list[kept++] = targets->list[i];
		}
	}
	targets->count = kept;
	return NULL;
}

bool server_targets_observe(struct server_targets *targets, const struct ledger *ledger)
{
	targets->observed = calloc(targets->count + 1, sizeof(*targets->observed));
	for (size_t i = 0; targets->observed && i < targets->count; i++) {
		struct server_target *target = &targets->list[i];
		const struct ledger_server *seen =
			ledger_find(ledger, &target->address, target->port);
		if (seen) {
			targets->observed[i] = *seen;
			target->observed = &targets->observed[i];
		}
	}
	return targets->observed != NULL;
}
