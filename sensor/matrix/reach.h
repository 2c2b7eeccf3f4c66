/*
 * matrix/reach - which addresses and ports a row speaks of, for who cannot ask the matrix.
 *
 * In: a matrix and a row of it. Out: ranges of addresses, each of one family, as the look-up
 * of matrix_locate has them (a narrower prefix belongs to its own group or zone alone), and
 * ranges of ports. Knows no names: of a group that has no addresses the ranges are none.
 */
#pragma once

#include "matrix/matrix.h"

struct reach_range {
	struct address first;
	struct address last;
};

struct reach {
	struct reach_range *list; /* list_room; IPv4 before IPv6 is not promised */
	size_t count;
};

/* Of a row's end: a group, a zone, or internet. */
void reach_of_end(
	const struct matrix *matrix, const struct matrix_end *end, struct reach *reach);
void reach_free(struct reach *reach);

struct reach_port_range {
	uint16_t first;
	uint16_t last;
};

struct reach_ports {
	struct reach_port_range *list; /* list_room; ascending, none touches the next */
	size_t count;
};

/*
 * Ports of a row as a flow of it may have them; none: they are dealt out (mapi-rpc).
 * With those that the profile or Exchange's transport have without a word.
 */
void reach_of_ports(const struct matrix *matrix, const struct matrix_row *row,
	struct reach_ports *ports);

/* Ports that name a protocol of mail by themselves: 24, 25, 110 ... */
void reach_of_mail_ports(struct reach_ports *ports);
void reach_ports_free(struct reach_ports *ports);
