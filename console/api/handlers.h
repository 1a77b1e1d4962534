// The endpoints, one function each, by the files that hold them. Each returns its answer, or an error that
// answer_of words; nullopt when it will answer later. They run on an Executor's thread.
#pragma once
#include "console/api/service.h"

namespace plumbline::console {

// sign_in.cpp, sessions.cpp, provider_sign_in.cpp
Reply get_me(Ask&);
Reply get_sign_in(Ask&);
Reply use_setup_link(Ask&);
Reply refresh_session(Ask&);
Reply sign_out(Ask&);
Reply start_sign_in(Ask&);
Reply finish_sign_in(Ask&);
// client_sign_in.cpp, device.cpp
Reply approve_device(Ask&);
Reply start_device(Ask&);
Reply authorize_client(Ask&);
Reply allow_client(Ask&);
Reply exchange_token(Ask&);
// read_*.cpp
Reply get_overview(Ask&);
Reply list_repos(Ask&);
Reply get_repo(Ask&);
Reply get_report(Ask&);
Reply list_sessions(Ask&);
Reply get_session(Ask&);
Reply list_drifts(Ask&);
Reply get_drift(Ask&);
Reply list_deliveries(Ask&);
Reply get_pipeline(Ask&);
Reply list_dead_letters(Ask&);
Reply list_agents(Ask&);
Reply get_settings(Ask&);
Reply list_audit(Ask&);
Reply get_live(Ask&);
// members.cpp, teams.cpp, keys.cpp, routes.cpp
Reply list_members(Ask&);
Reply invite_member(Ask&);
Reply revoke_invitation(Ask&);
Reply change_member(Ask&);
Reply remove_member(Ask&);
Reply list_teams(Ask&);
Reply add_team(Ask&);
Reply remove_team(Ask&);
Reply add_team_member(Ask&);
Reply remove_team_member(Ask&);
Reply list_keys(Ask&);
Reply add_key(Ask&);
Reply rotate_key(Ask&);
Reply disable_key(Ask&);
Reply list_routes(Ask&);
Reply add_route(Ask&);
Reply remove_route(Ask&);
Reply test_route(Ask&);

// What an error says to the client; what is the server's own fault is logged under `place`.
[[nodiscard]] Answer answer_of(const Error& error, std::string_view place);

// Names of the cookies: with a prefix that binds them to this very host where they go over https.
[[nodiscard]] std::string_view session_cookie(const Service& service);
[[nodiscard]] std::string_view refresh_cookie(const Service& service);
[[nodiscard]] std::string_view flow_cookie(const Service& service);

}  // namespace plumbline::console
