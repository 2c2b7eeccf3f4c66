/*
 * base/utf8 - text of unknown origin made fit for a terminal, a log or a record.
 *
 * In: text that ends with NUL, of whatever bytes. What is no UTF-8 (RFC 3629), and
 * what steers whoever shows it instead of being shown, is told. No locale.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the sequence at text and its code point; 0: it is none, or text ends. */
size_t utf8_read(const char *text, uint32_t *code);

/* How many of the first most bytes are whole characters: a text is cut there. */
size_t utf8_whole(const char *text, size_t most);

/* C0, DEL and C1 controls, line separators, marks that turn the direction of writing. */
bool utf8_is_control(uint32_t code);

/*
 * A letter, a digit or an accent of the writings of Europe, Asia and Africa; by blocks of
 * Unicode, so that a few signs among them count as well. Never a space or punctuation.
 */
bool utf8_is_letter(uint32_t code);

/* Each control and each byte that is no UTF-8 becomes '?', in place; never longer. */
void utf8_make_printable(char *text);
