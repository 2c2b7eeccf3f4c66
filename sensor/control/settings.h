/*
 * control/settings - what `mailwarden run` is told, by a file and by options.
 *
 * One table of keys serves both: an option --key VALUE and a line "key: VALUE" of the
 * YAML file mean the same; options come last and win. Lists (matrix, interface,
 * queue) grow by each value; the first such option replaces the file's list. Four
 * sections are the file's alone: journal, outputs, metrics and page.
 */
#pragma once

#include "base/arena.h"
#include "base/reason.h"
#include "dossier/texts.h"
#include "journal/journal.h"
#include "judge/action.h"
#include "judge/ceiling.h"
#include "judge/fold.h"
#include "ship/output.h"

#include <stddef.h>
#include <stdint.h>

#define SETTINGS_LIST_MAX  32
#define SETTINGS_STATE_DIR "/var/lib/mailwarden"

struct settings_list {
	const char *values[SETTINGS_LIST_MAX];
	size_t count;
	bool is_of_file; /* given by the file: the first option replaces it */
};

struct metrics_settings {
	bool is_wanted;
	const char *listen;   /* "127.0.0.1:9472", "unix:/path"; NULL: not by HTTP */
	const char *textfile; /* NULL: no file */
	uint32_t interval_s;  /* between writes of that file */
	struct settings_list names; /* that a browser may call this place by */
};

struct page_settings {
	bool is_wanted;
	enum texts_language language;
	uint32_t interval_s; /* between two pages, at least */
};

/* Which connections come back to the queue when another matrix is loaded. */
enum settings_recheck {
	SETTINGS_RECHECK_FORBIDDEN = 0, /* whose ends no row of it speaks of */
	SETTINGS_RECHECK_ALL,
	SETTINGS_RECHECK_NONE
};

/* What a reload changes, with the matrix; all of it inline. */
struct settings_policy {
	bool is_enforcing;
	uint32_t ban_s;           /* a blocked sender stays out so long */
	bool is_banning_declared; /* also one that a row of the matrix speaks of */
	/* what only the end of its row forbids is blocked: at once, or behind days */
	bool is_expired_enforced;
	uint32_t grace_days;
	enum settings_recheck recheck;
	struct action_table actions;
};

#define SETTINGS_SECTIONS 4 /* journal, outputs, metrics, page */

struct problems;

struct settings {
	struct settings_list matrices;
	struct settings_list interfaces;
	struct settings_list queues; /* "3" or "3:5" */
	struct settings_policy policy;
	bool is_fail_closed;
	bool is_verifying_checksums;
	bool is_second_opinion_wanted;
	bool is_shunt_wanted; /* the kernel counts decided flows (capture/shunt) */
	uint32_t workers;
	uint32_t flows;     /* of each worker */
	uint32_t silence_s; /* longest time without a packet; 0: not watched */
	/* inline: longest time without one of IPv4, or IPv6, while such pass; 0: not watched */
	uint32_t family_silence_s;
	uint32_t blind_share;  /* percent that is not looked into; 0: not watched */
	uint32_t fold_s;       /* one update of a repeated finding in so long */
	uint32_t ring_mib;     /* kernel's ring of each worker and interface */
	uint32_t queue_length; /* packets the kernel holds */
	uint32_t hold_packets; /* inline: undecided ones held at once; 0: they pass */
	uint32_t hold_ms;
	struct ceiling_table ceilings; /* alerts a minute */
	uint32_t observed_pairs;       /* of the observed matrix */
	uint32_t record_rate; /* mail records of a sender a minute; 0: any number */
	const char *user;     /* NULL: mailwarden or nobody */
	const char *state_dir;
	const char *host; /* NULL: the machine's name */
	struct journal_limits journal;
	struct outputs outputs;
	struct metrics_settings metrics;
	struct page_settings page;
	/* hash of what the file has there; 0: none */
	uint64_t sections[SETTINGS_SECTIONS];
	struct arena texts; /* of the file */
	/* Read all of it again, in a process of its own; NULL, or mistakes told: none. */
	const struct settings *(*reread)(void *context, struct problems *problems);
	void *reread_context;
};

struct settings_key {
	const char *name;     /* "state-dir" */
	char letter;          /* of the short option, or 0 */
	const char *argument; /* "DIR"; of words "yes|no" */
	const char *help;
};

void settings_start(struct settings *settings);
/* For settings_start: what the page is where the file says nothing. (settings_file.c) */
void settings_start_page(struct settings *settings);
void settings_free(struct settings *settings);

/* The keys in order; NULL behind the last. */
const struct settings_key *settings_key(size_t index);

/* Set one key; false with the reason when the value is none of the key's. */
bool settings_set(
	struct settings *settings, size_t index, const char *value, struct reason *why);

/*
 * Read a file; false with every mistake, each with its place. May be called once.
 * (settings_file.c)
 */
bool settings_read(
	struct settings *settings, const char *path, struct problems *problems);

/* The keys of these sections; a row without a name behind the last. */
const struct schema_key *settings_journal_keys(void);
const struct schema_key *settings_metrics_keys(void);
const struct schema_key *settings_page_keys(void);

/* For settings_file.c: one value of a key in the file; may a key have several? */
bool settings_set_of_file(
	struct settings *settings, size_t index, const char *value, struct reason *why);
bool settings_is_repeatable(size_t index);
const char *settings_section_name(size_t index);

/* False with the reason when the settings as a whole contradict each other. */
bool settings_check(const struct settings *settings, struct reason *why);
/* The same of a file alone, which may leave to options what is missing. */
bool settings_agree(const struct settings *settings, struct reason *why);

/* "3" or "3:5"; false with the reason when it is neither. */
bool settings_read_queues(
	const char *value, uint16_t *first, uint16_t *last, struct reason *why);

/*
 * The keys and sections in which they differ, but for the policy and the matrices: what
 * a running sensor takes at its next start. "table, outputs"; returns text.
 */
const char *settings_differences(const struct settings *now,
	const struct settings *next, char *text, size_t size);

/* How long what a row allowed is let by behind its last day; 0: not at all. */
uint32_t settings_grace_s(const struct settings_policy *policy);

/* How many workers there are: one per queue where there are queues. */
uint32_t settings_workers(const struct settings *settings);

/* Decided flows are to be left to the kernel, where it can. */
bool settings_want_shunt(const struct settings *settings);

/* One flow in so many may be looked into at once. */
#define SETTINGS_WATCHED_SHARE 4

/* What all workers take at most, with the packet rings of their interfaces. */
uint64_t settings_memory(const struct settings *settings);

/* The number of the queue that this worker (0, 1, ...) takes packets from. */
uint16_t settings_queue(const struct settings *settings, uint32_t worker);
