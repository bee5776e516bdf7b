// SPDX-License-Identifier: GPL-2.0-only
/// What an lvs.cf says about health checks, as core/health takes it.
#pragma once

#include "core/config/lvs_config.hpp"
#include "core/health/check.hpp"
#include "core/health/probe.hpp"

namespace lvslab::router {

/// How a server of this weight is checked. The pause between two checks is `check_interval`, else
/// `timeout`. A configuration in which config::check() finds no error has settings that
/// health::Check takes.
health::CheckSettings check_settings(const config::VirtualServer& service, Weight weight);

/// The check of one real server, on the port that its block gives (lvsd.c, startClient). Its limit
/// is `check_timeout`, else `timeout`. An expression that does not compile, or a program without a
/// name, is an error at the service's place.
Checked<health::Probe> check_probe(const config::VirtualServer& service,
                                   const config::RealServer& server);

/// What is wrong with the checks of active services, each once: it is wrong for all their servers.
Diagnostics check_probes(const config::LvsConfig& config);

}  // namespace lvslab::router
