/*
 * interchange/sheet_services - the protocols and ports that a cell names, as people write them.
 *
 * In: "IMAP (143) ou IMAPS (993)", "tcp/587", "25", "smtp @ 2525". Out: protocols of mail,
 * with the ports where they are not the protocols' own; and what is no mail, apart.
 * A port alone is the protocol that it names; nothing else is ever guessed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHEET_PORTS_BYTES 512
#define SHEET_APART_BYTES 256
#define SHEET_PARTS_MAX   8

/* What is one row of a matrix. */
struct sheet_service {
	uint32_t protocols;            /* bit per enum protocol */
	char ports[SHEET_PORTS_BYTES]; /* "2525,2600-2610"; "": the protocols' own */
};

struct sheet_services {
	struct sheet_service parts[SHEET_PARTS_MAX];
	size_t count;
	char apart[SHEET_APART_BYTES]; /* items that are no mail, as written; "" */
	bool is_cut;                   /* there was more than has room */
};

/*
 * What a column of protocols and one of ports say together; either may be "". False:
 * neither says anything ("-", "none").
 */
bool sheet_services_read(
	const char *protocols, const char *ports, struct sheet_services *services);

/*
 * The other way: "smtp (25), lmtp (24)", with " @ 2525" where ports (NULL: none) are
 * wanted in the cell.
 */
void sheet_services_write(
	uint32_t protocols, const char *ports, char *text, size_t size);
