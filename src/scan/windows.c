/* scan/windows.c - see windows.h; dates are those of Microsoft's lifecycle pages. */
#include "scan/windows.h"

#include <stddef.h>

#include "core/base/attr.h"

/*
 * NTLM tells the build of the files that were shipped: releases that are switched on in the same
 * files (19041 to 19045, for one) cannot be told apart, and count as the one that lasts longest.
 */
static const struct sp_scan_windows windows[] = {
		{2600, "Windows XP", 20140408, 20190409, true, false},
		{3790, "Windows Server 2003", 20150714, 20150714, true, false},
		{6000, "Windows Vista", 20100413, 20100413, true, false},
		{6001, "Windows Vista SP1 or Server 2008", 20110712, 20110712, true, false},
		{6002, "Windows Vista SP2 or Server 2008 SP2", 20200114, 20240109, true, false},
		{6003, "Windows Server 2008 SP2", 20200114, 20240109, true, false},
		{7600, "Windows 7 or Server 2008 R2, without SP1", 20130409, 20130409, true, false},
		{7601, "Windows 7 SP1 or Server 2008 R2 SP1", 20200114, 20240109, true, true},
		{9200, "Windows 8 or Server 2012", 20231010, 20261013, false, true},
		{9600, "Windows 8.1 or Server 2012 R2", 20231010, 20261013, false, true},
		{10240, "Windows 10 1507 or LTSB 2015", 20251014, 20251014, false, true},
		{10586, "Windows 10 1511", 20180410, 20180410, false, true},
		{14393, "Windows 10 1607 or Server 2016", 20270112, 20270112, false, true},
		{15063, "Windows 10 1703", 20191008, 20191008, false, true},
		{16299, "Windows 10 1709 or Server 1709", 20201013, 20201013, false, true},
		{17134, "Windows 10 1803 or Server 1803", 20210511, 20210511, false, true},
		{17763, "Windows 10 1809 or Server 2019", 20290109, 20290109, false, true},
		{18362, "Windows 10 1903 or 1909", 20220510, 20220510, false, true},
		{18363, "Windows 10 1909", 20220510, 20220510, false, false},
		{19041, "Windows 10 2004 to 22H2", 20251014, 20320113, false, false},
		{19042, "Windows 10 20H2", 20230509, 20230509, false, false},
		{19043, "Windows 10 21H1", 20221213, 20221213, false, false},
		{19044, "Windows 10 21H2", 20240611, 20320113, false, false},
		{19045, "Windows 10 22H2", 20251014, 20281010, false, false},
		{20348, "Windows Server 2022", 20311014, 20311014, false, false},
		{22000, "Windows 11 21H2", 20241008, 20241008, false, false},
		{22621, "Windows 11 22H2 or 23H2", 20261110, 20261110, false, false},
		{22631, "Windows 11 23H2", 20261110, 20261110, false, false},
		{25398, "Windows Server 23H2", 20251024, 20251024, false, false},
		{26100, "Windows 11 24H2 or Server 2025", 20341114, 20341114, false, false},
		{26200, "Windows 11 25H2", 20281010, 20281010, false, false},
};

const struct sp_scan_windows *sp_scan_windows_of(uint16_t build)
{
	for (size_t i = 0; i < SP_LEN(windows); i++) {
		if (windows[i].build == build) {
			return &windows[i];
		}
	}
	return NULL;
}
