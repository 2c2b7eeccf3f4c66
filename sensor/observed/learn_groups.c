/*
 * Groups of equal behaviour inside one zone: colour refinement (Cardon and Crochemore,
 * 1982, here by rounds). Hosts begin with zone and role as their colour; in each round it
 * is made of these and of the set of what the host does with which colours of the last
 * round. Servers and clients that do a part only of what another group of the same zone
 * and role does are of that group. What a server or an application does too young or too
 * rarely to be proposed is not the same as what others do for long: one flow takes nobody
 * into their group, nor does a server count that hardly anybody uses.
 */
#include "observed/learn_steps.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS       8   /* a longer chain of servers stays in one group */
#define FULL         100 /* percent */
#define MERGE_GROUPS 256 /* more are left apart */
#define MERGE_SHARE  4   /* so many times as many hosts at most join the wider group */

/* One thing that a host does. */
struct mark {
	uint32_t host;
	uint64_t what;
	const struct observed_entry *entry;
};

struct work {
	uint64_t *first; /* colours by zone and role alone */
	uint64_t *now;   /* by host */
	struct mark *marks;
	size_t mark_count;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	const struct text bytes = {(const uint8_t *)&value, sizeof(value)};
	return (hash ^ text_hash(bytes)) * 0x9e3779b97f4a7c15;
}

static uint64_t first_colour(const struct learn *learn, const struct learn_host *host)
{
	size_t count = 0;
	const struct matrix_group *groups =
		learn->settings->matrix ? matrix_groups(learn->settings->matrix, &count)
					: NULL;
	const uint64_t declared =
		host->declared ? (uint64_t)(host->declared - groups) + 1 : 0;
	return declared > 0
		       ? mix(1, declared)
		       : mix(mix(2, host->zone), (uint64_t)host->role << 1 |
							 learn_is_unwitnessed(host));
}

/* Servers are told apart by whom they serve no further than by zone and role of these. */
static uint64_t colour_of_peer(
	const struct learn *learn, const struct work *work, uint32_t peer)
{
	const bool is_exact =
		peer == LEARN_INTERNET || learn_is_server(learn->hosts[peer].role);
	return is_exact ? work->now[peer] : work->first[peer];
}

static int compare_marks(const void *a, const void *b)
{
	const struct mark *one = a;
	const struct mark *other = b;
	if (one->host != other->host) {
		return one->host < other->host ? -1 : 1;
	}
	return one->what < other->what ? -1 : one->what > other->what;
}

/* Users' days off say nothing of them. */
static bool is_aged(const struct learn_host *host)
{
	return host->declared || host->role == MATRIX_ROLE_CLIENT ||
	       host->role == MATRIX_ROLE_NONE;
}

/* All that a host was seen to do of one kind; true: too few days or flows to be proposed. */
static bool is_young(const struct learn *learn, const struct mark *marks, size_t count)
{
	struct learn_days days = {.last = 0};
	uint64_t flows = 0;
	for (size_t i = 0; i < count; i++) {
		flows += marks[i].entry->flows;
		learn_days_add_entry(&days, marks[i].entry);
	}
	return learn_days_count(&days) < learn->settings->min_days ||
	       flows < learn->settings->min_sessions;
}

/* Sorted before and after; each once. */
static void unite_marks(const struct learn *learn, struct work *work, size_t count)
{
	struct mark *marks = work->marks;
	size_t next;
	work->mark_count = 0;
	for (size_t i = 0; i < count; i = next) {
		struct mark mark = marks[i];
		next = i + 1;
		while (next < count && compare_marks(&mark, &marks[next]) == 0) {
			next++;
		}
		if (!is_aged(&learn->hosts[mark.host]) &&
			is_young(learn, &marks[i], next - i)) {
			mark.what = mix(5, mark.what);
		}
		marks[work->mark_count++] = mark;
	}
	qsort(marks, work->mark_count, sizeof(*marks), compare_marks);
}

static void mark_edges(struct learn *learn, struct work *work)
{
	size_t count = 0;
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		if (edge->basket != LEARN_OPEN) {
			continue;
		}
		const bool is_clear = edge->entry->key.tls == FACTS_TLS_NONE &&
				      !learn_is_internet(edge);
		const uint64_t what =
			(uint64_t)edge->entry->key.protocol << 1 | is_clear;
		const uint64_t client = colour_of_peer(learn, work, edge->client);
		const uint64_t server = colour_of_peer(learn, work, edge->server);
		work->marks[count++] = (struct mark){
			edge->client, mix(mix(3, what), server), edge->entry};
		work->marks[count++] = (struct mark){
			edge->server, mix(mix(4, what), client), edge->entry};
	}
	qsort(work->marks, count, sizeof(*work->marks), compare_marks);
	unite_marks(learn, work, count);
}

static int compare_colours(const void *a, const void *b)
{
	const uint64_t one = *(const uint64_t *)a;
	const uint64_t other = *(const uint64_t *)b;
	return one < other ? -1 : one > other;
}

/* list: room for a colour of each host; returns how many differ, sorted in it. */
static size_t distinct(
	const struct learn *learn, const struct work *work, uint64_t *list)
{
	size_t count = 0;
	memcpy(list, work->now, learn->host_count * sizeof(*list));
	qsort(list, learn->host_count, sizeof(*list), compare_colours);
	for (size_t i = 0; i < learn->host_count; i++) {
		if (count == 0 || list[count - 1] != list[i]) {
			list[count++] = list[i];
		}
	}
	return count;
}

/* Declared groups keep theirs. */
static void refine(struct learn *learn, struct work *work)
{
	mark_edges(learn, work);
	for (size_t i = 0; i < work->mark_count; i++) {
		const struct mark *mark = &work->marks[i];
		const bool is_first = i == 0 || mark[-1].host != mark->host;
		if (mark->host != LEARN_INTERNET &&
			!learn->hosts[mark->host].declared) {
			work->now[mark->host] = mix(is_first ? work->first[mark->host]
							     : work->now[mark->host],
				mark->what);
		}
	}
}

static void mark_open(struct learn *learn)
{
	for (size_t i = 0; i < learn->host_count; i++) {
		learn->hosts[i].is_open = i == LEARN_INTERNET;
		learn->hosts[i].group = LEARN_NONE;
	}
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		if (edge->basket == LEARN_OPEN) {
			learn->hosts[edge->client].is_open = true;
			learn->hosts[edge->server].is_open = true;
		}
	}
}

/* In order of their first address; the Internet is the first. */
static void make_groups(struct learn *learn, const struct work *work,
	const uint64_t *list, size_t count)
{
	uint32_t *group_of = list_new(count, sizeof(*group_of));
	learn->group_count = 0;
	for (uint32_t i = 0; i < learn->host_count; i++) {
		struct learn_host *host = &learn->hosts[i];
		if (!host->is_open) {
			continue;
		}
		const uint64_t *found = bsearch(
			&work->now[i], list, count, sizeof(*list), compare_colours);
		uint32_t *index = &group_of[found - list];
		if (*index == 0) {
			learn->groups[learn->group_count++] =
				(struct learn_group){.zone = host->zone,
					.role = host->role,
					.declared = host->declared,
					.first = i};
			*index = (uint32_t)learn->group_count;
		}
		host->group = *index - 1;
		learn->groups[host->group].colour = work->now[i];
		learn->groups[host->group].member_count++;
	}
	list_free(group_of);
}

struct marks {
	const struct mark *list;
	size_t count;
};

static struct marks marks_of(const struct work *work, uint32_t host)
{
	size_t low = 0;
	size_t high = work->mark_count;
	while (low < high) { /* halves each time */
		const size_t middle = (low + high) / 2;
		if (work->marks[middle].host < host) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	struct marks marks = {&work->marks[low], 0};
	while (low + marks.count < work->mark_count &&
		marks.list[marks.count].host == host) {
		marks.count++;
	}
	return marks;
}

static bool is_part(struct marks part, struct marks whole)
{
	size_t at = 0;
	for (size_t i = 0; i < part.count; i++) {
		while (at < whole.count && whole.list[at].what < part.list[i].what) {
			at++;
		}
		if (at == whole.count || whole.list[at].what != part.list[i].what) {
			return false;
		}
	}
	return part.count < whole.count;
}

/* An application is who it is; of the others no two need be seen to do all. */
static bool may_merge(const struct learn *learn, const struct learn_group *group)
{
	return group->role != MATRIX_ROLE_APPLICATION &&
	       group->role != MATRIX_ROLE_NONE && !group->declared &&
	       !learn_is_unwitnessed(&learn->hosts[group->first]);
}

/*
 * The group of most hosts that does all that this one does, and more; or itself. What a few
 * do beside is not proposed for many: one host that does everything would join all groups.
 */
static uint32_t wider_group(
	const struct learn *learn, const struct work *work, uint32_t index)
{
	const struct learn_group *group = &learn->groups[index];
	const struct marks own = marks_of(work, group->first);
	uint32_t best = index;
	for (uint32_t i = 1; i < learn->group_count; i++) { /* MERGE_GROUPS may merge */
		const struct learn_group *other = &learn->groups[i];
		const bool is_larger =
			best == index ||
			other->member_count > learn->groups[best].member_count;
		const bool is_few =
			other->member_count < group->member_count / MERGE_SHARE;
		if (may_merge(learn, other) && !is_few && other->zone == group->zone &&
			other->role == group->role && is_larger &&
			is_part(own, marks_of(work, other->first))) {
			best = i;
		}
	}
	return best;
}

static void merge_groups(struct learn *learn, const struct work *work)
{
	uint32_t *into = list_new(learn->group_count, sizeof(*into));
	size_t count = 0;
	for (uint32_t i = 0; i < learn->group_count; i++) {
		count += may_merge(learn, &learn->groups[i]);
	}
	for (uint32_t i = 0; i < learn->group_count; i++) {
		into[i] = count <= MERGE_GROUPS && may_merge(learn, &learn->groups[i])
				  ? wider_group(learn, work, i)
				  : i;
	}
	for (uint32_t i = 0; i < learn->group_count; i++) {
		while (into[i] != into[into[i]]) { /* each step does more: it ends */
			into[i] = into[into[i]];
		}
	}
	for (uint32_t i = 1; i < learn->host_count; i++) {
		uint32_t *group = &learn->hosts[i].group;
		if (*group != LEARN_NONE && into[*group] != *group) {
			struct learn_group *wider = &learn->groups[into[*group]];
			learn->groups[*group].member_count--;
			wider->member_count++;
			wider->first = i < wider->first ? i : wider->first;
			*group = into[*group];
		}
	}
	list_free(into);
}

static void name_group(struct learn *learn, struct learn_group *group, unsigned *number)
{
	static const char *const NAMES[] = {[MATRIX_ROLE_NONE] = "hosts",
		[MATRIX_ROLE_CLIENT] = "clients",
		[MATRIX_ROLE_APPLICATION] = "applications",
		[MATRIX_ROLE_SUBMISSION] = "submission",
		[MATRIX_ROLE_MAILBOX] = "mailboxes",
		[MATRIX_ROLE_RELAY] = "relays",
		[MATRIX_ROLE_OUTBOUND] = "outbound",
		[MATRIX_ROLE_INBOUND] = "inbound",
		[MATRIX_ROLE_PROXY] = "proxies",
		[MATRIX_ROLE_RESOLVER] = "resolvers"};
	char name[64];
	struct matrix_end end;
	struct reason why;
	do { /* a declared matrix has an end */
		(void)snprintf(name, sizeof(name), "%s-%u", NAMES[group->role],
			++number[group->role]);
	} while (learn->settings->matrix &&
		 matrix_find_end(learn->settings->matrix, name, &end, &why));
	group->name = arena_text(&learn->arena, name, strlen(name));
}

static uint32_t fill_of(
	const struct learn *learn, const uint32_t *members, size_t count)
{
	/* of users alone: an application is who it is */
	const bool is_users = learn->hosts[members[0]].role == MATRIX_ROLE_CLIENT;
	uint32_t fill = is_users ? learn->settings->fill : FULL;
	const uint32_t otherwise = fill;
	const struct answers *answers = learn->settings->answers;
	if (answers && answers->fill_count > 0) {
		for (size_t i = 0; i < count && fill == otherwise; i++) {
			fill = answers_fill_of(
				answers, &learn->hosts[members[i]].address, fill);
		}
	}
	return fill;
}

static void finish_groups(struct learn *learn)
{
	unsigned number[MATRIX_ROLE_RESOLVER + 1] = {0};
	uint32_t *members = list_new(learn->host_count, sizeof(*members));
	uint32_t *start = list_new(learn->group_count + 2, sizeof(*start));
	for (uint32_t i = 0; i < learn->group_count; i++) {
		start[i + 2] = start[i + 1] + learn->groups[i].member_count;
	}
	for (uint32_t i = 0; i < learn->host_count; i++) {
		if (learn->hosts[i].group != LEARN_NONE) {
			members[start[learn->hosts[i].group + 1]++] = i;
		}
	}
	for (uint32_t i = 0; i < learn->group_count; i++) {
		struct learn_group *group = &learn->groups[i];
		const uint32_t *own = &members[start[i]];
		group->addresses = group->member_count;
		if (i == LEARN_INTERNET) {
			group->name = "internet";
		} else if (group->declared) {
			group->name = group->declared->name;
		} else if (group->member_count > 0) {
			name_group(learn, group, number);
			learn_fold(learn, group, own,
				fill_of(learn, own, group->member_count));
		}
	}
	list_free(members);
	list_free(start);
}

/* By the colours of the last round; returns how many groups have hosts. */
static size_t group_once(struct learn *learn, struct work *work)
{
	uint64_t *list = list_new(learn->host_count, sizeof(*list));
	size_t used = 0;
	refine(learn, work);
	make_groups(learn, work, list, distinct(learn, work, list));
	merge_groups(learn, work);
	for (size_t i = 1; i < learn->host_count; i++) {
		if (learn->hosts[i].group != LEARN_NONE) {
			work->now[i] = learn->groups[learn->hosts[i].group].colour;
		}
	}
	for (size_t i = 0; i < learn->group_count; i++) {
		used += learn->groups[i].member_count > 0;
	}
	list_free(list);
	return used;
}

void learn_find_groups(struct learn *learn)
{
	const size_t hosts = learn->host_count;
	struct work work = {
		.first = list_new(hosts, sizeof(*work.first)),
		.now = list_new(hosts, sizeof(*work.now)),
		.marks = list_new(2 * learn->edge_count + 1, sizeof(*work.marks)),
	};
	mark_open(learn);
	for (size_t i = 1; i < hosts; i++) {
		work.first[i] = first_colour(learn, &learn->hosts[i]);
		work.now[i] = work.first[i];
	}
	size_t before = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		const size_t count = group_once(learn, &work);
		if (count == before) {
			break;
		}
		before = count;
	}
	finish_groups(learn);
	list_free(work.first);
	list_free(work.now);
	list_free(work.marks);
}
