/*
 * commands/replay - what `mailwarden replay` is told.
 *
 * Its parts: replay_outputs (where records go), replay_engine (frames through the
 * engine), replay_flows (may --flows write there?), replay_journal.
 */
#pragma once

#include "commands/options.h"

struct replay {
	struct option_list matrices;
	struct option_words captures;
	const char *flows;    /* path, or NULL */
	const char *journal;  /* folder, or NULL */
	const char *state;    /* path, or NULL */
	const char *observed; /* path, or NULL */
	const char *host;
	uint32_t flow_entries;
	uint32_t jobs; /* processes that unpack; 0: as many as there are processors */
	unsigned checksums; /* enum replay_checksums */
	bool is_json;
	bool is_summary;
	bool is_verbose;
	bool is_exit_code_wanted;
	bool is_without_ndpi;
};

/* The words of --checksums. */
enum replay_checksums { REPLAY_CHECKSUMS_IGNORE = 0, REPLAY_CHECKSUMS_VERIFY };
