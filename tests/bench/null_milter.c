/*
 * The cheapest milter there can be, to compare with: it hears of nothing but the end of headers
 * and accepts there.
 *
 * usage: null_milter unix:PATH
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
	unsigned long unused1, unsigned long unused2, unsigned long *actions_r,
	unsigned long *steps_r, unsigned long *unused1_r, unsigned long *unused2_r)
{
	(void)ctx;
	(void)actions;
	*actions_r = 0;
	*steps_r =
		steps & (SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOMAIL | SMFIP_NORCPT |
				SMFIP_NODATA | SMFIP_NOHDRS | SMFIP_NOBODY | SMFIP_NOUNKNOWN);
	*unused1_r = unused1;
	*unused2_r = unused2;
	return SMFIS_CONTINUE;
}

static sfsistat on_end_of_headers(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_ACCEPT;
}

int main(int argc, char **argv)
{
	static char name[] = "null";
	const struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_eoh = on_end_of_headers,
		.xxfi_negotiate = on_negotiate,
	};

	if (argc != 2) {
		fprintf(stderr, "usage: null_milter unix:PATH\n");
		return EX_USAGE;
	}
	umask(0);
	if (smfi_setconn(argv[1]) != MI_SUCCESS || smfi_register(description) != MI_SUCCESS ||
		smfi_opensocket(1) != MI_SUCCESS)
		return EX_UNAVAILABLE;
	puts("ready");
	fflush(stdout);
	return smfi_main() == MI_SUCCESS ? EX_OK : EX_SOFTWARE;
}
