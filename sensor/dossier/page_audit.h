/*
 * dossier/page_audit - the section on what was asked: what domains publish and servers offer.
 *
 * In: a finished report. Out: a line of each recommendation (dossier/audit_lines), each
 * answer that is no, each that could not be had, and who was asked.
 */
#pragma once

#include "dossier/page.h"
#include "report/json_writer.h"

void page_audit(struct page *page);

/* Key "audit" of the form for programs. */
void page_audit_json(struct json_writer *writer, const struct dossier *dossier);
