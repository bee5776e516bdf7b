// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/host_files.hpp"

namespace lvslab::scenario {

void apply(const IpvsSysctls& sysctls, ipvs::Options& options) {
    options.expire_nodest_conn = sysctls.expire_nodest_conn;
    options.expire_quiescent_template = sysctls.expire_quiescent_template;
    options.conn_reuse_mode = sysctls.conn_reuse_mode;
    options.sloppy_tcp = sysctls.sloppy_tcp;
    // 1 and 2 wait for memory to run short, which it never does here.
    options.secure_tcp = sysctls.secure_tcp == 3;
    options.lblc_expiration = sysctls.lblc_expiration;
    options.lblcr_expiration = sysctls.lblcr_expiration;
    options.sync = {sysctls.sync_threshold, sysctls.sync_period, sysctls.sync_refresh_period,
                    sysctls.sync_retries, sysctls.sync_persist_mode};
}

}  // namespace lvslab::scenario
