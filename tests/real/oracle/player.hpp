// SPDX-License-Identifier: GPL-2.0-only
/// Plays a script on this kernel and writes what happened, one JSON object a line. The format is
/// told in tests/data/kernel-traces and tests/real/README.md.
#pragma once

#include <chrono>
#include <map>
#include <ostream>
#include <set>
#include <string>

#include "tests/real/oracle/director_link.hpp"
#include "tests/real/oracle/ipvs_control.hpp"
#include "tests/real/oracle/script.hpp"

namespace lvslab::oracle {

class Player {
public:
    Player(std::ostream& out, std::string script_name);

    /// Throws ScriptError on a line that cannot be played, std::system_error if the kernel lacks
    /// what is needed.
    void play(const std::vector<Step>& steps);

private:
    /// A connection as clients see it: protocol, client, virtual.
    struct Flow {
        bool udp = false;
        Endpoint client;
        Endpoint virtual_endpoint;
        friend auto operator<=>(const Flow&, const Flow&) = default;
    };
    /// One reading of the table.
    struct Listing {
        double time = 0;
        std::string json;
        std::string names;  ///< without the seconds left
    };
    struct Mark {
        Network network;
        std::uint32_t value = 0;
    };

    void play_step(const Step& step);
    void play_service(const Step& step);
    void play_destination(const Step& step);
    void play_client_packet(const Step& step);
    void play_server_packet(const Step& step);
    void play_sleep(const Step& step);
    void play_timeouts(const Step& step);
    void play_sysctl(const Step& step);
    void play_mark(const Step& step);

    std::string outcome_of(const Flow& flow, const std::vector<SeenFrame>& seen);
    /// Every entry of /proc/net/ip_vs_conn; the line's time is that of the reading. The kernel
    /// hands the table out in pieces by position, and an entry that ends between two pieces hides
    /// another: it is read until two readings in a row list the same.
    std::string connections();
    Listing listed_connections() const;
    /// `"cnt":[...]`, with `"svc"` before it if the script has more than one service and `svc` is
    /// not told anyway; empty if there is no such service.
    std::string count_field(const Service* service, bool named);
    const Service* service_of(const Flow& flow) const;
    const Service* only_service() const;
    std::uint32_t mark_of(const Address& virtual_address) const;
    Flow flow_of(const Step& step) const;

    double now_ms() const;
    void line(std::string_view op, const std::string& fields);

    std::ostream& out_;
    std::string script_name_;
    DirectorLink link_;
    IpvsControl ipvs_;
    std::chrono::steady_clock::time_point start_;
    std::size_t number_ = 0;
    double time_ = 0;  ///< of the line being made, ms
    bool count_always_ = false;
    bool several_services_ = false;
    std::vector<Service> services_;  ///< in the order of their making
    std::vector<Mark> marks_;
    std::set<Flow> known_;
    std::map<Flow, Endpoint> real_servers_;
};

}  // namespace lvslab::oracle
