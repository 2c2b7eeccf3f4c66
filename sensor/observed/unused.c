#include "observed/unused.h"

#include "observed/unused_parts.h"

#include <stdlib.h>
#include <string.h>

#define US_PER_S       1000000
#define DAY_US         (UINT64_C(86400) * US_PER_S)
#define WIDE_TIMES     16 /* so many addresses for each host that is seen */
#define NARROWER_TIMES 4  /* so many for each that the narrower row admits */
#define PROTOCOLS_WIDE 4

const char *unused_kind_word(enum unused_kind kind)
{
	static const char *const WORDS[UNUSED_KINDS] = {
		[UNUSED_ROW] = "row",
		[UNUSED_GROUP] = "group",
		[UNUSED_MEMBER] = "member",
		[UNUSED_WIDE] = "wide",
	};
	return WORDS[kind];
}

const char *unused_proof_word(enum unused_proof proof)
{
	static const char *const WORDS[] = {
		[UNUSED_PROVEN] = "proven",
		[UNUSED_YOUNG] = "young",
		[UNUSED_EDITED] = "edited",
	};
	return WORDS[proof];
}

/* When each thing that is declared was used last; 0: never. */
struct tally {
	struct unused *unused;
	const struct unused_settings *settings;
	const struct matrix_row *rows;
	const struct matrix_group *groups;
	size_t row_count;
	size_t group_count;
	uint64_t *row_us;
	uint64_t *group_us;
	uint64_t *member_us;
	uint32_t *row_protocols;
	struct unused_use *uses;
	size_t use_count;
};

static void note(uint64_t *last_us, uint64_t us)
{
	*last_us = us > *last_us ? us : *last_us;
}

static void note_host(struct tally *tally, const struct matrix_row *row, unsigned end,
	const struct address *host)
{
	if (row && !observed_is_folded(host)) {
		tally->uses[tally->use_count++] = (struct unused_use){
			(uint32_t)(row - tally->rows), (uint8_t)end, *host};
	}
}

static void note_end(struct tally *tally, const struct matrix_end *end,
	const struct address *host, uint64_t us)
{
	const struct matrix_members *members = &tally->unused->members;
	const struct matrix_member *member =
		observed_is_folded(host) ? NULL : matrix_member_of(members, host);
	if (end->group) {
		note(&tally->group_us[end->group - tally->groups], us);
	}
	if (member) {
		note(&tally->member_us[member - members->list], us);
	}
}

/* A row has used who it allowed; a group and a member are in use by whatever they do. */
static void take(void *context, const struct held *held)
{
	struct tally *tally = (struct tally *)context;
	const struct observed_entry *entry = held->entry;
	const struct judgement *judgement = held->judgement;
	const struct matrix_row *row = judgement->row;
	note_end(tally, &judgement->from, &entry->key.client, entry->last_us);
	note_end(tally, &judgement->to, &entry->key.server, entry->last_us);
	note_host(tally, row, 0, &entry->key.client);
	note_host(tally, row, 1, &entry->key.server);
	if (row) {
		note(&tally->row_us[row - tally->rows], entry->last_us);
		tally->row_protocols[row - tally->rows] |=
			PROTOCOL_BIT(entry->key.protocol) & row->protocols;
	}
}

static bool is_idle(const struct tally *tally, uint64_t last_us)
{
	return last_us == 0 ||
	       tally->unused->last_us - last_us >= tally->settings->days * DAY_US;
}

static enum unused_proof proof_of(const struct tally *tally, const char *file)
{
	const struct unused *unused = tally->unused;
	const uint64_t span_us = tally->settings->days * DAY_US;
	if (unused->is_young) {
		return UNUSED_YOUNG;
	}
	const uint64_t edited_us =
		tally->settings->edited_us
			? tally->settings->edited_us(tally->settings->context, file)
			: 0;
	return edited_us > unused->last_us - span_us ? UNUSED_EDITED : UNUSED_PROVEN;
}

static void add(struct tally *tally, struct unused_item item)
{
	struct unused *unused = tally->unused;
	item.proof = proof_of(tally, item.place.file);
	unused->proven += item.proof == UNUSED_PROVEN;
	unused->items[unused->count++] = item;
}

static bool is_over(const struct tally *tally, const struct matrix_row *row)
{
	return row->expires_s > 0 &&
	       (uint64_t)row->expires_s * US_PER_S <= tally->unused->last_us;
}

/* The pairs of ends that one row lists: as many as follow the first. */
static size_t pairs_of(const struct tally *tally, size_t first)
{
	size_t end = first + 1;
	while (end < tally->row_count && tally->rows[end].is_continued) {
		end++;
	}
	return end - first;
}

static void find_row(struct tally *tally, size_t first, size_t pairs)
{
	size_t idle = 0;
	uint64_t last_us = 0;
	for (size_t i = first; i < first + pairs; i++) {
		idle += is_idle(tally, tally->row_us[i]);
		note(&last_us, tally->row_us[i]);
	}
	const bool is_whole = idle == pairs;
	for (size_t i = first; i < first + (is_whole ? 1 : pairs); i++) {
		if (is_whole || is_idle(tally, tally->row_us[i])) {
			add(tally, (struct unused_item){.kind = UNUSED_ROW,
					   .last_us = is_whole ? last_us
							       : tally->row_us[i],
					   .row = &tally->rows[i],
					   .is_whole_row = is_whole,
					   .place = tally->rows[i].place});
		}
	}
}

static void find_rows(struct tally *tally)
{
	size_t pairs = 0;
	for (size_t i = 0; i < tally->row_count; i += pairs) {
		pairs = pairs_of(tally, i);
		if (!is_over(tally, &tally->rows[i])) {
			find_row(tally, i, pairs);
		}
	}
}

/* What resolvers ask is no mail: nothing of it is here. */
static bool is_group_idle(const struct tally *tally, const struct matrix_group *group)
{
	return group->role != MATRIX_ROLE_RESOLVER &&
	       is_idle(tally, tally->group_us[group - tally->groups]);
}

static void find_groups(struct tally *tally)
{
	for (size_t i = 0; i < tally->group_count; i++) {
		const struct matrix_group *group = &tally->groups[i];
		if (is_group_idle(tally, group)) {
			add(tally, (struct unused_item){.kind = UNUSED_GROUP,
					   .last_us = tally->group_us[i],
					   .group = group,
					   .place = group->place});
		}
	}
}

static void find_members(struct tally *tally)
{
	const struct matrix_members *members = &tally->unused->members;
	for (size_t i = 0; i < members->count; i++) {
		const struct matrix_member *member = &members->list[i];
		if (member->group->role != MATRIX_ROLE_RESOLVER &&
			!is_group_idle(tally, member->group) &&
			is_idle(tally, tally->member_us[i])) {
			add(tally, (struct unused_item){.kind = UNUSED_MEMBER,
					   .last_us = tally->member_us[i],
					   .group = member->group,
					   .member = member,
					   .place = member->place});
		}
	}
}

/* One end of one row: count uses of it, by as many hosts. */
static void find_wide_end(
	struct tally *tally, const struct unused_use *uses, size_t count)
{
	const size_t index = uses[0].row;
	const struct matrix_row *row = &tally->rows[index];
	struct unused_item item = {.kind = UNUSED_WIDE,
		.last_us = tally->row_us[index],
		.row = row,
		.end = uses[0].end,
		.hosts = (uint32_t)count,
		.place = row->place};
	item.addresses = matrix_end_addresses(
		&tally->unused->members, item.end == 0 ? &row->from : &row->to);
	if (item.addresses < (double)count * WIDE_TIMES || item.addresses > 0x1p120) {
		return;
	}
	item.narrow_count = unused_narrow(uses, count, item.narrow);
	double narrow = 0;
	for (size_t i = 0; i < item.narrow_count; i++) {
		narrow += unused_network_addresses(&item.narrow[i]);
	}
	if (item.narrow_count > 0 && narrow * NARROWER_TIMES <= item.addresses) {
		add(tally, item);
	}
}

static void find_wide_ends(struct tally *tally)
{
	unused_uses_sort(tally->uses, &tally->use_count);
	size_t count = 0;
	for (size_t i = 0; i < tally->use_count; i += count) {
		count = 1;
		while (i + count < tally->use_count &&
			tally->uses[i + count].row == tally->uses[i].row &&
			tally->uses[i + count].end == tally->uses[i].end) {
			count++;
		}
		find_wide_end(tally, &tally->uses[i], count);
	}
}

static void find_wide_protocols(struct tally *tally)
{
	for (size_t i = 0; i < tally->row_count; i++) {
		const struct matrix_row *row = &tally->rows[i];
		const uint32_t used = tally->row_protocols[i];
		const int declared = __builtin_popcount(row->protocols);
		if (used != 0 && declared >= PROTOCOLS_WIDE &&
			declared >= 2 * __builtin_popcount(used)) {
			add(tally, (struct unused_item){.kind = UNUSED_WIDE,
					   .last_us = tally->row_us[i],
					   .row = row,
					   .protocols = used,
					   .place = row->place});
		}
	}
}

static bool take_memory(struct tally *tally, const struct observed_totals *totals)
{
	struct unused *unused = tally->unused;
	const size_t rows = tally->row_count + 1;
	const size_t groups = tally->group_count + 1;
	const size_t members = unused->members.count + 1;
	tally->row_us = calloc(rows, sizeof(*tally->row_us));
	tally->row_protocols = calloc(rows, sizeof(*tally->row_protocols));
	tally->group_us = calloc(groups, sizeof(*tally->group_us));
	tally->member_us = calloc(members, sizeof(*tally->member_us));
	tally->uses = calloc((size_t)totals->entries * 2 + 1, sizeof(*tally->uses));
	/* of a row: it, both its ends, its protocols */
	unused->items = calloc(4 * rows + groups + members, sizeof(*unused->items));
	return tally->row_us && tally->row_protocols && tally->group_us &&
	       tally->member_us && tally->uses && unused->items;
}

static void free_memory(struct tally *tally)
{
	free(tally->row_us);
	free(tally->row_protocols);
	free(tally->group_us);
	free(tally->member_us);
	free(tally->uses);
}

bool unused_find(struct unused *unused, const struct matrix *matrix,
	const struct observed *observed, const struct unused_settings *settings)
{
	struct observed_totals totals;
	struct tally tally = {.unused = unused, .settings = settings};
	observed_totals(observed, &totals);
	*unused = (struct unused){.first_us = totals.first_us,
		.last_us = totals.last_us,
		.is_young = totals.last_us - totals.first_us < settings->days * DAY_US,
		.is_partial = observed_is_partial(&totals)};
	tally.rows = matrix_rows(matrix, &tally.row_count);
	tally.groups = matrix_groups(matrix, &tally.group_count);
	const bool is_done = matrix_members_make(&unused->members, matrix) &&
			     take_memory(&tally, &totals) &&
			     held_each(matrix, observed, take, &tally);
	if (is_done) {
		find_rows(&tally);
		find_groups(&tally);
		find_members(&tally);
		find_wide_ends(&tally);
		find_wide_protocols(&tally);
	} else {
		unused_free(unused);
	}
	free_memory(&tally);
	return is_done;
}

void unused_free(struct unused *unused)
{
	free(unused->items);
	matrix_members_free(&unused->members);
	*unused = (struct unused){.count = 0};
}
