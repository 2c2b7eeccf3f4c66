/*
 * commands/allow - the rows of a matrix as rules of a firewall.
 *
 * In: a loaded matrix and a time: rows that have ended are left out. Out: rules on stdout
 * that let by what a row declares, by addresses and ports, and log and drop what else goes to
 * a port of mail. TLS and names are not a firewall's: what a row asks of them is not in the
 * rules, and of a group without addresses its set is empty.
 */
#pragma once

#include "matrix/reach.h"

struct allow {
	const struct matrix *matrix;
	int64_t now_s;
	uint32_t log_group; /* NFLOG's + 1; 0: the kernel's log */
	bool is_local;      /* also what the host itself sends and gets */
};

#define ALLOW_LOG_PREFIX "mailwarden: "

/* It holds no more. */
static inline bool allow_is_over(
	const struct allow *allow, const struct matrix_row *row)
{
	return row->expires_s != 0 && row->expires_s <= allow->now_s;
}

/* "25, 2525-2530" with these signs. text holds size bytes; false when it was cut. */
bool allow_ports_text(const struct reach_ports *ports, const char *between,
	const char *dash, char *text, size_t size);

/* What the rules cannot say of a row, as a comment; "" without. text holds size bytes. */
void allow_remark(const struct allow *allow, const struct matrix_row *row, char *text,
	size_t size);

void allow_nftables(const struct allow *allow);
void allow_iptables(const struct allow *allow);
void allow_suricata(const struct allow *allow);

/* firewall-orchestrator's compliance matrix. */
void allow_areas(const struct allow *allow);
