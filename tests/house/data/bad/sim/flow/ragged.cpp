// SPDX-License-Identifier: GPL-2.0-only
int  f( ){return 1 ;}
