/*
 * interchange/sheet_heads - what the head of a column says, in French or English.
 *
 * In: the text of a head, as people write it. Out: which column of which table it is.
 * Case, accents and signs count for nothing. One table, in the .c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum sheet_head {
	SHEET_HEAD_NONE = 0,
	SHEET_HEAD_ID,
	SHEET_HEAD_FROM,
	SHEET_HEAD_TO,
	SHEET_HEAD_ENDS, /* both in one cell: "relay -> mx-out" */
	SHEET_HEAD_DIRECTION,
	SHEET_HEAD_ACTION, /* allowed or denied */
	SHEET_HEAD_STATUS, /* in force or not, or not yet */
	SHEET_HEAD_PROTOCOLS,
	SHEET_HEAD_PORTS,
	SHEET_HEAD_TLS,
	SHEET_HEAD_MIN_TLS,
	SHEET_HEAD_CLIENT_CERTIFICATE,
	SHEET_HEAD_PROBE,
	SHEET_HEAD_EXPIRES,
	SHEET_HEAD_LEARNED,
	SHEET_HEAD_MODE,
	SHEET_HEAD_OWNER,
	SHEET_HEAD_TICKET,
	SHEET_HEAD_COMMENT,
	SHEET_HEAD_ACCEPTS,
	SHEET_HEAD_REASON,
	SHEET_HEAD_UNTIL,
	SHEET_HEAD_ZONE,
	SHEET_HEAD_GROUP,
	SHEET_HEAD_ROLE,
	SHEET_HEAD_SERVICE,
	SHEET_HEAD_ADDRESSES,
	SHEET_HEAD_NAMES,
	SHEET_HEAD_SNI,
	SHEET_HEAD_CERTIFICATE,
	SHEET_HEAD_TUNNEL,
	SHEET_HEAD_KIND,
	SHEET_HEAD_TUNNEL_ENDS,
	SHEET_HEAD_DOMAIN,
	SHEET_HEAD_OWN,
	SHEET_HEAD_SELECTORS,
	SHEET_HEAD_SENDERS,
	SHEET_HEAD_FORWARDERS,
	SHEET_HEAD_EXPECTED_OF,
	SHEET_HEAD_EXPECTED,
	SHEET_HEAD_LIST,
	SHEET_HEAD_LIST_KIND,
	SHEET_HEAD_FILE,
	SHEET_HEAD_FORMAT,
	SHEET_HEAD_SEVERITY,
	SHEET_HEAD_SHRINKS,
	SHEET_HEAD_PROFILE,
	SHEET_HEAD_COUNT
};

/* NONE where no column is called so. is_french (or NULL): it was the French word. */
enum sheet_head sheet_head_find(const char *text, bool *is_french);

/* The word that is written: English, or French. */
const char *sheet_head_word(enum sheet_head head, bool is_french);

/* The key of the matrix behind it, or NULL where it is none by itself. */
const char *sheet_head_key(enum sheet_head head);

/* Lower case without accents, all else than letters and digits one blank; cut to fit. size > 2. */
void sheet_fold(const char *text, char *folded, size_t size);
