// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/print.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "core/config/directives.hpp"
#include "core/config/tokens.hpp"
#include "tests/unit/config/reading.hpp"

namespace lvslab::config {
namespace {

using nlohmann::json;
using testing::HasSubstr;

rc::Gen<std::string> word() {
    return rc::gen::suchThat(
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc01 \t\"'#={}/.\\"))),
        [](const std::string& s) { return quotes_for(s).has_value(); });
}

/// A value that reading a line can leave behind: double quoted, bare or with its single quotes.
rc::Gen<std::string> probe_text() {
    return rc::gen::suchThat(
        rc::gen::oneOf(word(), rc::gen::map(word(), [](std::string s) { return "'" + s + "'"; })),
        [](const std::string& s) { return can_be_quoted(s, '"'); });
}

/// What can stand in the path or the host of a check.
rc::Gen<std::string> url_part() {
    return rc::gen::suchThat(
        rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc01\"'#={}/.\\?%"))),
        [](const std::string& s) { return quotes_for("/" + s).has_value(); });
}

rc::Gen<Address> address(bool extensions) {
    return rc::gen::exec([extensions] {
        if (extensions && *rc::gen::inRange(0, 4) == 0) {
            Address::Bytes bytes{};
            for (auto& b : bytes) {
                b = *rc::gen::element<std::uint8_t>(0, 0, 1, 0xFE);
            }
            return Address::v6(bytes);
        }
        return Address::v4(*rc::gen::arbitrary<std::uint32_t>());
    });
}

/// Puts a value that lvs.cf can hold into each field of a model, by the table of directives.
template <class Model>
class Filler {
public:
    Filler(const Directive<Model>& directive, Model& model, bool extensions)
        : directive_(directive), model_(model), extensions_(extensions) {}

    void operator()(bool Model::*field) { model_.*field = *rc::gen::arbitrary<bool>(); }
    void operator()(std::int64_t Model::*field) {
        const auto number = *rc::gen::arbitrary<std::int32_t>();
        model_.*field = directive_.type == ValueType::count ? number & 0x7FFFFFFF : number;
    }
    void operator()(Duration Model::*field) {
        model_.*field = std::chrono::seconds(*rc::gen::arbitrary<std::int32_t>());
        if (extensions_ && *rc::gen::arbitrary<bool>()) {
            model_.*field = Duration(*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 62));
        }
    }
    void operator()(Weight Model::*field) {
        model_.*field = Weight(*rc::gen::arbitrary<std::int32_t>());
    }
    void operator()(Fwmark Model::*field) {
        model_.*field = Fwmark(*rc::gen::arbitrary<std::uint32_t>());
    }
    void operator()(Address Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            model_.*field = *address(extensions_);
        }
    }
    void operator()(std::optional<Address> Model::*field) {
        const auto a = *address(extensions_);
        if (!a.is_unspecified() && *rc::gen::arbitrary<bool>()) {
            model_.*field = a;
        }
    }
    void operator()(std::string Model::*field) {
        model_.*field = directive_.choices.empty() ? *word() : std::string(choice());
    }
    void operator()(std::optional<std::string> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            const bool in_url =
                directive_.type == ValueType::url_path || directive_.type == ValueType::url_host;
            model_.*field = in_url                                     ? "/" + *url_part()
                            : directive_.type == ValueType::probe_text ? *probe_text()
                            : directive_.choices.empty()               ? *word()
                                                                       : std::string(choice());
        }
    }
    void operator()(std::optional<std::vector<std::string>> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            model_.*field = *rc::gen::container<std::vector<std::string>>(word());
        }
    }
    void operator()(Failback Model::*field) { from_word(choice(), model_.*field); }
    void operator()(std::optional<CheckType> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            from_word(choice(), (model_.*field).emplace());
        }
    }
    void operator()(std::optional<StatusRange> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            const auto first = *rc::gen::inRange<std::uint16_t>(200, 600);
            model_.*field = StatusRange{first, *rc::gen::inRange<std::uint16_t>(first, 600)};
        }
    }
    void operator()(std::optional<Duration> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            model_.*field = Duration(*rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 62));
        }
    }
    void operator()(std::optional<std::int64_t> Model::*field) {
        if (*rc::gen::arbitrary<bool>()) {
            model_.*field = *rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 31);
        }
    }
    void operator()(NetworkType Model::*field) { from_word(choice(), model_.*field); }
    void operator()(ServiceType Model::*field) { from_word(choice(), model_.*field); }
    void operator()(Protocol Model::*field) { from_word(choice(), model_.*field); }
    void operator()(const PortMember<Model>& field) {
        model_.*field.port = Port(*rc::gen::arbitrary<std::uint16_t>());
    }
    void operator()(const DeviceMember<Model>& field) {
        model_.*field.address = *address(extensions_);
        model_.*field.device = *word();
    }
    void operator()(const OptionalDeviceMember<Model>& field) {
        const auto a = *address(extensions_);
        model_.*field.address = a.is_unspecified() ? std::optional<Address>{} : a;
        model_.*field.device = *word();
    }

private:
    std::string_view choice() {
        return (*rc::gen::suchThat(
                    rc::gen::elementOf(
                        std::vector<Choice>(directive_.choices.begin(), directive_.choices.end())),
                    [this](const Choice& c) { return extensions_ || c.origin == Origin::piranha; }))
            .word;
    }

    const Directive<Model>& directive_;
    Model& model_;
    bool extensions_;
};

template <class Model>
void fill(Model& model, bool extensions) {
    for (const auto& directive : directives_of<Model>()) {
        if (extensions || directive.origin == Origin::piranha) {
            std::visit(Filler<Model>(directive, model, extensions), directive.member);
        }
    }
}

/// Names that Piranha can read in the middle of a line: bare, or quoted with a blank.
bool is_name_for_piranha(const std::string& name) {
    return quotes_for(name) == "" || name.find_first_of(" \t") != std::string::npos;
}

std::vector<VirtualServer> services(bool extensions) {
    std::vector<VirtualServer> all(*rc::gen::inRange<std::size_t>(0, 3));
    const auto name = rc::gen::suchThat(word(), [extensions](const std::string& s) {
        return extensions || is_name_for_piranha(s);
    });
    for (auto& service : all) {
        service.name = *name;
        fill(service, extensions);
        if (!extensions && service.dirs &&
            !std::ranges::all_of(*service.dirs, is_name_for_piranha)) {
            service.dirs.reset();
        }
        if (service.dirs && service.dirs->size() > 90) {
            service.dirs->resize(90);
        }
        service.servers.resize(*rc::gen::inRange<std::size_t>(0, 3));
        for (auto& server : service.servers) {
            server.name = *name;
            fill(server, extensions);
        }
    }
    return all;
}

LvsConfig any_config(bool extensions) {
    LvsConfig config;
    fill(config, extensions);
    if (!config.primary.is_unspecified() && config.primary_private.is_unspecified()) {
        // Reading fills it in; a configuration without it cannot come from a file.
        config.primary_private = config.primary;
    }
    config.virtual_servers = services(extensions);
    config.failover_services = services(extensions);
    return config;
}

RC_GTEST_PROP(Printing, ThenReadingGivesTheConfigurationBack, ()) {
    const auto config = any_config(true);
    const auto text = print(config);
    const auto read = as_meant(text);
    if (!read) {
        RC_FAIL(text + read.diagnostics.to_string());
    }
    RC_ASSERT(*read == config);
}

RC_GTEST_PROP(Printing, WithoutExtensionsIsUnderstoodByPiranhaAlike, ()) {
    const auto config = any_config(false);
    const auto text = print(config);
    const auto read = as_piranha(text);
    if (!read) {
        RC_FAIL(text + read.diagnostics.to_string());
    }
    RC_ASSERT(*read == config);
    RC_ASSERT(print(*read) == text);
}

TEST(Printing, ShowsEveryDirectiveOfTheTable) {
    LvsConfig config;
    config.primary = config.backup = config.primary_private = config.backup_private =
        Address::v4(0x0A000001);
    config.primary_shared = config.backup_shared = config.active_cmd = config.inactive_cmd = "x y";
    config.nat_router = config.nat_nmask = config.primary;
    VirtualServer service;
    service.name = "web";
    service.address = config.primary;
    service.vip_nmask = service.pmask = service.sorry_server = service.master = config.primary;
    service.sched_flags = "sh-port";
    service.load_monitor = "rup";
    service.send = service.expect = service.send_program = service.start_cmd = service.stop_cmd =
        "x";
    service.dirs = {{"a", "b"}};
    service.check = CheckType::http;
    service.check_path = service.check_host = service.check_body = "/x";
    service.check_status = StatusRange{};
    service.check_interval = service.check_timeout = std::chrono::milliseconds(250);
    service.rise = service.fall = 2;
    config.failback = Failback::primary;
    service.servers.emplace_back().name = "s";
    service.servers[0].address = config.primary;
    service.servers[0].u_threshold = service.servers[0].l_threshold = 7;
    config.virtual_servers = {service};
    const auto text = print(config);
    const auto shown = json::parse(to_json(config));
    const auto expect_shown = [&](const auto& directives, const json& object,
                                  const std::string& indent) {
        for (const auto& d : directives) {
            const std::string name(d.name);
            EXPECT_THAT("\n" + text, HasSubstr("\n" + indent + name + " = "));
            EXPECT_TRUE(object.contains(name)) << name;
        }
    };
    expect_shown(global_directives(), shown, "");
    expect_shown(virtual_directives(), shown["virtual"][0], "    ");
    expect_shown(server_directives(), shown["virtual"][0]["server"][0], "        ");
}

TEST(Printing, LeavesUnusedExtensionsOut) {
    LvsConfig config;
    config.virtual_servers.emplace_back().servers.emplace_back();
    const auto text = print(config);
    EXPECT_THAT(text, testing::Not(HasSubstr("threshold")));
    EXPECT_THAT(text, testing::Not(HasSubstr("sched_flags")));
    EXPECT_THAT(text, testing::Not(HasSubstr("failback")));
    EXPECT_THAT(text, testing::Not(HasSubstr("check")));
}

TEST(Printing, SaysWhichValuesNoLineCanHold) {
    LvsConfig config;
    config.rsh_command = "a\nb";
    const auto text = print(config);
    EXPECT_THAT(text, HasSubstr("# rsh_command: no line of lvs.cf can hold \"a\\x0ab\"\n"));
    EXPECT_EQ(must(as_meant(text)).rsh_command, "rsh");
}

TEST(Printing, KeepsAPersistenceMaskOfAllOnesApartFromNone) {
    const auto config = must(as_piranha("virtual a {\npmask = 0xffffffff\n}"));
    EXPECT_EQ(must(as_piranha(print(config))), config);
}

TEST(Json, HasPiranhasNumbersAndNullsForWhatIsNotGiven) {
    const auto out = json::parse(to_json(must(as_meant(
        "keepalive = 250ms\nvirtual a {\nexpect = 'OK'\nsend = \"x\\r\"\n}\nfailover f {\n}"))));
    EXPECT_EQ(out["result"], "ok");
    EXPECT_EQ(out["keepalive"], 0.25);
    EXPECT_EQ(out["deadtime"], 5);
    EXPECT_EQ(out["hard_shutdown"], 1);
    EXPECT_EQ(out["failover_count"], 1);
    EXPECT_EQ(out["failover"][0]["name"], "f");
    const auto& a = out["virtual"][0];
    EXPECT_EQ(a["expect"], "'OK'");
    EXPECT_EQ(a["send"], "x\\r");
    EXPECT_TRUE(a["device"].is_null());
    EXPECT_TRUE(a["send_program"].is_null());
    EXPECT_EQ(a["pmask"], "0.0.0.0");
    EXPECT_EQ(a["address"], "0.0.0.0");
}

TEST(Json, ReplacesBytesThatAreNotUtf8) {
    const auto out = json::parse(to_json(must(as_meant("rsh_command = a\xFF"))));
    EXPECT_EQ(out["rsh_command"], "a\xEF\xBF\xBD");
}

TEST(Settings, AreComparedFieldByFieldWithoutTheirPlaces) {
    const auto one = must(as_meant("virtual a {\nserver s {\nweight = 2\n}\n}"));
    const auto moved = must(as_meant("\n\nvirtual a {\n\nserver s {\nweight = 2\n}\n}"));
    const auto other = must(as_meant("virtual a {\nserver s {\nweight = 3\n}\n}"));
    EXPECT_EQ(one, moved);
    EXPECT_FALSE(one == other);
}

}  // namespace
}  // namespace lvslab::config
