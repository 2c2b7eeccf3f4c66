/*
 * matrix/sentence - ends, rows and conditions of a matrix in words to be read aloud.
 *
 * Every function writes into text, cut to fit, and returns it.
 */
#pragma once

#include "matrix/criteria.h"

#define SENTENCE_END_BYTES  160
#define SENTENCE_ROW_BYTES  220
#define SENTENCE_LIST_BYTES 240
#define SENTENCE_DAY_BYTES  16

/* Add words behind those in text, which holds size bytes. */
void sentence_append(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "relay": the group, the zone, or internet. Borrowed from the matrix. */
const char *sentence_end_name(const struct matrix_end *end);

/* "relay (relay, internal)", "internet", "internal (no group)" */
const char *sentence_end(const struct matrix_end *end, char *text);

/* "row M-03 (relay -> mx-out)" */
const char *sentence_row(const struct matrix_row *row, char *text);

/* "smtp and submission"; last_word is "and" or "or". text holds SENTENCE_LIST_BYTES. */
const char *sentence_protocols(uint32_t protocols, const char *last_word, char *text);

/* "port 25", "ports 25 and 2525", "any port". text holds SENTENCE_LIST_BYTES. */
const char *sentence_ports(const struct matrix_row *row, char *text);

/* "under STARTTLS with TLS 1.2 or newer and a client certificate". text holds SENTENCE_LIST_BYTES. */
const char *sentence_condition(const struct matrix_row *row, char *text);

/* "2027-06-30": the last day on which a row holds. text holds SENTENCE_DAY_BYTES. */
const char *sentence_last_day(int64_t expires_s, char *text);

/* "send smtp to", "use imap of", "connect to port 25 of". text holds 80 bytes. */
#define SENTENCE_VERB_BYTES 80
const char *sentence_verb(enum protocol protocol, uint16_t port, char *text);

/* "1.2" */
const char *sentence_tls_version(uint16_t version);
