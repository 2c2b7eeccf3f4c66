/*
 * observed/learn_steps - the steps of learning, in their order. Private to observed/.
 *
 * Each takes what those before it wrote into struct learn. From learn_find_roles on they
 * are done again until the proof finds nothing more to refuse.
 */
#pragma once

#include "observed/learn.h"

/* learn_hosts.c: zones, hosts by address, and an edge for each entry */
void learn_read(struct learn *learn);

/* learn_sift.c: what one entry shows by itself */
void learn_sift(struct learn *learn);

/* learn_denied.c: what an answer denies, whoever else is of its row by now */
void learn_deny(struct learn *learn);

/* learn_roles.c: the fixed list of decisions */
void learn_find_roles(struct learn *learn);
/* A zone is the gateway's. */
bool learn_has_gateway(const struct learn *learn);

/* learn_places.c: who may not send or take what it does, as its role is; true: some edge was refused */
bool learn_judge_places(struct learn *learn);

/* learn_groups.c: by behaviour, named */
void learn_find_groups(struct learn *learn);

/* learn_fold.c: the networks of one group out of its hosts, by index in order of address */
void learn_fold(struct learn *learn, struct learn_group *group, const uint32_t *members,
	uint32_t fill);

/* learn_rows.c: one for each pair of groups, protocol and strictness; by age in baskets */
void learn_find_rows(struct learn *learn);
/* and those together that differ in nothing but their protocols; ids */
void learn_join_rows(struct learn *learn);

/* learn_prove.c: true: the proposal, loaded, made some edge be refused */
bool learn_prove(struct learn *learn, bool *is_changed, struct reason *why);
/* what of the rest the proposal allows as well */
bool learn_settle(struct learn *learn, struct reason *why);

/* learn_print.c: nothing but groups and rows; the lines are kept. is_joined: as proposed */
void learn_print_proof(struct learn *learn, FILE *out, bool is_joined);

/* One host's dealings with another, to be sorted and counted. */
struct learn_use {
	uint32_t of;
	uint32_t by;
};

static inline int learn_compare_uses(const void *a, const void *b)
{
	const struct learn_use *one = a;
	const struct learn_use *other = b;
	if (one->of != other->of) {
		return one->of < other->of ? -1 : 1;
	}
	return one->by < other->by ? -1 : one->by > other->by;
}

/* A role that keeps, takes or passes on mail. */
static inline bool learn_is_server(uint8_t role)
{
	return role >= MATRIX_ROLE_SUBMISSION && role <= MATRIX_ROLE_PROXY;
}

/*
 * Users' sessions alone make it a server, and too few of ours have any: an attacker's hosts
 * that read each other's mail look like it.
 */
static inline bool learn_is_unwitnessed(const struct learn_host *host)
{
	return !host->declared && (host->does & LEARN_WITNESSED) == 0 &&
	       (host->role == MATRIX_ROLE_MAILBOX ||
		       host->role == MATRIX_ROLE_SUBMISSION ||
		       host->role == MATRIX_ROLE_PROXY);
}

/* learn_days.c */
void learn_days_add(struct learn_days *into, const struct learn_days *days);
void learn_days_add_entry(struct learn_days *into, const struct observed_entry *entry);
unsigned learn_days_count(const struct learn_days *days);

static inline bool learn_is_sending(const struct learn_edge *edge)
{
	return protocol_row((enum protocol)edge->entry->key.protocol)->is_sending;
}

static inline bool learn_is_internet(const struct learn_edge *edge)
{
	return edge->client == LEARN_INTERNET || edge->server == LEARN_INTERNET;
}

/* Of its flows some were allowed and some were not: none stands for all. */
static inline bool learn_is_mixed(const struct learn_edge *edge)
{
	const unsigned allowed = 1U << VERDICT_LEGITIMATE;
	const unsigned verdicts = edge->entry->verdicts;
	return (verdicts & allowed) != 0 && (verdicts & ~allowed) != 0;
}

static inline void learn_put(struct learn_edge *edge, enum learn_basket basket,
	const char *recommendation, const char *reason)
{
	edge->basket = (uint8_t)basket;
	edge->recommendation = recommendation;
	edge->reason = reason;
}
