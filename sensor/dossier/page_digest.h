/*
 * dossier/page_digest - a digest as a page of one screen, in a form and a language.
 */
#pragma once

#include "dossier/digest.h"
#include "dossier/page.h"

void page_write_digest(FILE *out, const struct digest *digest,
	const struct page_form *form, enum texts_language language);
