"""What the published client 0.5.7 gets wrong, and what a server has to put up with from it: each with the tests that
hold this SDK to the opposite, and the sandbox to bearing it.

Test names are paths from ``tests/``; a test inside a class is ``Class::test``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Hazard(NamedTuple):
    """A hazard in words, and the tests that pin it."""

    what: str
    tests: tuple[str, ...]


_MONEY = "client/test_money.py::"
_REQUESTS = "client/test_requests.py::"
_CHANGES = "client/test_changes.py::"
_RETRIES = "client/test_retries.py::"
_BATCHES = "client/test_batches.py::"
_ERRORS = "client/test_errors.py::"
_MARKETS = "client/test_prediction.py::"
_BUILDING = "graphs/test_building.py::"
_SERVED = "sandbox/server/test_trading.py::"
_STREAMS = "streaming/test_protocol.py::"
_PEER = "compat/test_published_client.py::"

DEFECTS: Mapping[str, Hazard] = {
    "D1": Hazard(
        "quantities and prices are cut off where floats fall short: 0.29 becomes 28999999",
        (
            f"{_MONEY}test_every_two_decimal_quantity_and_every_four_decimal_price_arrives_exact",
            f"{_BUILDING}test_numbers_reach_the_wire_exactly",
            f"{_CHANGES}test_an_amend_sends_only_what_is_new_and_exactly",
            "client/test_costs.py::test_a_preview_sends_exactly_the_quantity_asked_for",
        ),
    ),
    "D2": Hazard(
        "cancelling by order id asks for a graph called 'graph'",
        (f"{_REQUESTS}test_cancel_takes_the_graph_id_out_of_an_order_id",),
    ),
    "D3": Hazard(
        "a submit is repeated without an id that would make the repeat harmless",
        (
            f"{_RETRIES}test_a_submit_is_repeated_with_the_same_bytes",
            "client/test_outcomes.py::test_a_connection_that_drops_at_any_byte_of_the_answer_makes_exactly_one_order",
        ),
    ),
    "D4": Hazard(
        "so are redeem, deployments, strategies and the kill switch",
        (
            f"{_RETRIES}test_an_unsafe_write_is_not_repeated_once_it_may_have_left",
            f"{_CHANGES}test_what_a_late_repeat_could_undo_is_sent_once",
            "client/test_strategies.py::test_a_write_whose_answer_is_lost_is_not_repeated",
        ),
    ),
    "D5": Hazard(
        "a limit of zero is a market order",
        (
            f"{_MONEY}test_a_wrong_limit_price_does_not_leave_and_never_means_a_market_order",
            f"{_BUILDING}test_a_limit_of_zero_is_refused_and_never_a_market_order",
        ),
    ),
    "D6": Hazard("unknown options are swallowed", (f"{_MONEY}test_a_wrong_option_does_not_leave",)),
    "D7": Hazard("any quantity is sent, negative ones too", (f"{_MONEY}test_a_wrong_quantity_does_not_leave",)),
    "D8": Hazard(
        "one order is the first row, whatever its id", (f"{_REQUESTS}test_order_looks_at_the_id_of_each_row",)
    ),
    "D9": Hazard(
        "a decrease is compared with the whole quantity",
        (f"{_CHANGES}test_a_decrease_compares_with_what_remains_and_not_with_the_total",),
    ),
    "D10": Hazard(
        "a decrease subtracts floats",
        (
            f"{_CHANGES}test_a_decrease_is_exact",
            f"{_CHANGES}test_one_decimal_off_three_tenths_is_exact",
        ),
    ),
    "D11": Hazard(
        "ending a batch twice sends it twice",
        (
            f"{_BATCHES}test_ending_twice_sends_once_and_gives_the_same_result",
            f"{_BATCHES}test_ending_inside_and_leaving_sends_once",
        ),
    ),
    "D12": Hazard(
        "a batch is always of spot orders and never on paper",
        (f"{_BATCHES}test_the_sandbox_flag_and_the_kind_of_instrument_are_the_callers",),
    ),
    "D13": Hazard(
        "trigger names go out as they are, and values are dropped",
        (
            f"{_BUILDING}test_every_spelling_of_a_trigger_is_mapped_to_the_wire",
            f"{_BUILDING}test_a_trigger_that_cannot_work_is_refused_with_its_edge",
        ),
    ),
    "D14": Hazard("two edges get one id", (f"{_BUILDING}test_edge_ids_that_collide_are_made_unique",)),
    "D15": Hazard(
        "building a graph changes the caller's dicts, overrides an activation, and dies of a missing key",
        (
            f"{_BUILDING}test_what_is_given_is_never_changed",
            f"{_BUILDING}test_a_chosen_activation_is_kept",
            f"{_BUILDING}test_an_activation_that_contradicts_the_edges_is_refused_rather_than_overridden",
            "graphs/test_checking.py::test_each_way_to_break_a_graph_is_seen",
        ),
    ),
    "D16": Hazard(
        "a graph has no id, risk or metadata, a node no time in force, cap, deadline or pacing",
        (
            "client/test_graphs.py::test_everything_about_a_graph_can_be_sent",
            "client/test_faces.py::test_the_arguments_of_the_builders_are_the_references_and_ours",
        ),
    ),
    "D17": Hazard(
        "the new limit of a sell goes out under the name of a highest price, the only one the wire has",
        (
            f"{_CHANGES}test_an_amend_sends_the_new_total_and_the_new_limit",
            "acceptance/test_first_levels.py::test_the_limit_of_a_sell_is_amended_as_well",
        ),
    ),
    "D18": Hazard(
        "cancelling in a batch does something else than cancelling",
        (f"{_BATCHES}test_a_cancel_in_a_batch_does_what_cancel_does",),
    ),
    "D19": Hazard("the mode of an amend is made up", (f"{_CHANGES}test_the_mode_of_an_amend_is_the_servers",)),
    "D20": Hazard("credentials are stored with PUT", (f"{_REQUESTS}test_credentials_are_stored_with_post",)),
    "D21": Hazard(
        "markets cannot be sorted or skipped, and new_markets is missing",
        (
            f"{_MARKETS}test_filters_are_sent_as_documented",
            "client/test_faces.py::test_positional_arguments_are_the_references",
        ),
    ),
    "D22": Hazard(
        "a page of markets is cut to 500 rows on the way out",
        (f"{_MARKETS}test_filters_are_sent_as_documented", f"{_MARKETS}test_every_market_comes_once"),
    ),
    "D23": Hazard(
        "market() has another parameter and never finds what has resolved",
        (
            f"{_MARKETS}test_a_resolved_market_is_found_among_all_there_ever_were",
            "client/test_faces.py::test_positional_arguments_are_the_references",
        ),
    ),
    "D24": Hazard(
        "the arguments of price_history stand in another order",
        (
            "client/test_history.py::test_a_history_is_asked_for",
            "client/test_faces.py::test_positional_arguments_are_the_references",
        ),
    ),
    "D25": Hazard(
        "a batch has no result",
        (
            f"{_BATCHES}test_the_batch_of_the_reference",
            f"{_BATCHES}test_there_is_no_result_before_the_end",
        ),
    ),
    "D26": Hazard(
        "a walk over markets never ends on a cursor that comes again, and fails over an offset",
        (
            f"{_MARKETS}test_a_cursor_that_comes_again_is_an_error_and_not_an_endless_walk",
            f"{_MARKETS}test_what_a_walk_manages_may_be_given_and_counts_for_nothing",
        ),
    ),
    "D27": Hazard(
        "related_tags is dropped unless there is a tag_id",
        (
            f"{_MARKETS}test_filters_are_sent_as_documented",
            f"{_MARKETS}test_wrong_arguments_are_refused_before_any_request",
        ),
    ),
    "D28": Hazard(
        "the removed positions() promises a list and may get an object",
        (
            f"{_REQUESTS}test_a_removed_method_warns_where_it_is_called_and_gives_404",
            "acceptance/test_first_levels.py::test_what_was_removed_warns_and_says_what_to_use",
        ),
    ),
    "D29": Hazard("three attempts are four", (f"{_RETRIES}test_a_passing_fault_is_repeated_as_often_as_is_said",)),
    "D30": Hazard("health is false on 204", (f"{_REQUESTS}test_any_2xx_is_alive",)),
    "D31": Hazard(
        "any number of symbols is sent in a batch", (f"{_REQUESTS}test_a_wrong_argument_is_refused_before_any_request",)
    ),
    "D32": Hazard(
        "a text where a list is wanted is cut into letters",
        (
            f"{_REQUESTS}test_a_wrong_argument_is_refused_before_any_request",
            "client/test_costs.py::test_what_cannot_be_is_refused_before_any_request",
        ),
    ),
    "D33": Hazard(
        "an empty object is not sent as a body",
        (
            f"{_CHANGES}test_the_kill_switch_is_cleared_with_a_body",
            "client/test_strategies.py::test_a_method_asks_its_endpoint",
        ),
    ),
    "D34": Hazard(
        "redirects are followed to other hosts, key and all",
        (f"{_ERRORS}test_a_redirect_is_not_followed_and_carries_the_key_nowhere",),
    ),
    "D35": Hazard(
        "a redirected POST becomes a GET and counts as done",
        (f"{_ERRORS}test_a_redirect_is_not_followed_and_carries_the_key_nowhere",),
    ),
    "D36": Hazard(
        "Retry-After has no ceiling, may crash, and dates are ignored",
        (
            f"{_RETRIES}test_a_retry_after_beyond_the_ceiling_fails_at_once_and_says_so",
            f"{_RETRIES}test_a_retry_after_without_meaning_is_left_out_of_account",
            f"{_RETRIES}test_a_retry_after_date_is_read_against_the_servers_own_clock",
        ),
    ),
    "D37": Hazard(
        "errors of other kinds escape",
        (
            f"{_ERRORS}test_a_2xx_that_is_not_as_documented_is_an_error_that_keeps_the_answer",
            f"{_ERRORS}test_a_broken_answer_is_a_lost_connection",
            f"{_ERRORS}test_network_failures_have_status_0_and_say_what_they_are",
            "client/test_construction.py::test_a_key_that_cannot_be_one_is_refused_without_being_shown",
        ),
    ),
    "D38": Hazard(
        "code, request id and details of an error are lost",
        (f"{_ERRORS}test_each_status_is_a_kind_of_error_that_tells_everything",),
    ),
    "D39": Hazard("an error without a message prints its envelope", (f"{_ERRORS}test_any_error_body_gives_a_message",)),
    "D40": Hazard(
        "a waiting repeat holds its slot",
        ("client/test_concurrency.py::test_a_slot_is_not_held_while_a_repeat_is_waited_for",),
    ),
    "D41": Hazard(
        "parts of paths are not encoded",
        (
            f"{_REQUESTS}test_a_path_part_stays_one_part",
            f"{_REQUESTS}test_a_path_part_that_would_be_resolved_is_refused",
            f"{_CHANGES}test_names_are_encoded_into_the_path",
            "client/test_strategies.py::test_a_method_asks_its_endpoint",
        ),
    ),
    "D42": Hazard(
        "parts of queries are not encoded",
        (
            f"{_REQUESTS}test_query_values_are_encoded",
            f"{_MARKETS}test_filters_are_sent_as_documented",
            "client/test_history.py::test_a_history_is_asked_for",
            "client/test_monitor.py::test_a_method_asks_its_endpoint",
        ),
    ),
    "D43": Hazard(
        "decimals are refused, and what is no number fails without words",
        (
            f"{_MONEY}test_a_wrong_quantity_does_not_leave",
            f"{_MONEY}test_every_two_decimal_quantity_and_every_four_decimal_price_arrives_exact",
        ),
    ),
    "D44": Hazard(
        "every call opens a connection, and requests have neither name nor id",
        (
            f"{_REQUESTS}test_calls_share_one_connection",
            f"{_REQUESTS}test_every_request_carries_the_key_an_id_of_its_own_and_our_name",
        ),
    ),
    "D45": Hazard(
        "a live key goes out in clear text to any host",
        ("client/test_construction.py::test_a_key_that_may_be_live_is_refused_over_plain_http",),
    ),
    "D46": Hazard(
        "streaming fails with versions of its library that are allowed",
        ("compat/test_hazards.py::test_no_version_of_the_socket_library_is_allowed_that_streams_cannot_use",),
    ),
    "D47": Hazard(
        "streams hide rejected subscriptions and errors, and never reconnect",
        (
            f"{_STREAMS}test_a_rejected_channel_ends_the_stream_with_its_reason",
            f"{_STREAMS}test_an_error_of_the_server_ends_the_stream",
            f"{_STREAMS}test_a_lost_connection_is_opened_again_and_everything_asked_for_again",
            f"{_STREAMS}test_a_gap_is_told_before_the_next_item_of_each_channel",
        ),
    ),
}

BURDENS: Mapping[str, Hazard] = {
    "S1": Hazard(
        "credentials come by PUT as well as POST",
        (f"{_SERVED}TestCredentials::test_stored_by_either_verb_again_and_again", f"{_PEER}test_venues"),
    ),
    "S2": Hazard(
        "a POST is labelled JSON and has no body",
        (
            "sandbox/server/test_graphs.py::test_pausing_and_resuming",
            "sandbox/strategies/test_uploads.py::test_starting_and_stopping_take_any_empty_body",
            f"{_PEER}test_automation",
        ),
    ),
    "S3": Hazard(
        "reasons and venues are null, execution is empty, and a graph has no id",
        (f"{_SERVED}test_what_the_published_client_sends", f"{_PEER}test_risk"),
    ),
    "S4": Hazard(
        "orders are filtered by exactly one id",
        (f"{_SERVED}test_one_order_by_filter_and_by_path", f"{_SERVED}test_an_empty_id_is_not_every_order"),
    ),
    "S5": Hazard(
        "a graph called 'graph' is asked to be cancelled",
        (
            f"{_SERVED}test_the_published_clients_broken_cancel_cancels_nothing",
            f"{_PEER}test_its_broken_cancel_cancels_nothing",
        ),
    ),
    "S6": Hazard(
        "an amend may hold nothing but a highest price",
        ("sandbox/server/test_graphs.py::test_amending_an_order_and_a_node", f"{_PEER}test_amend_and_decrease"),
    ),
    "S7": Hazard(
        "positions are asked for at either path, lists with an encoded comma",
        (f"{_SERVED}test_positions_on_both_paths", f"{_SERVED}test_positions_are_filtered", f"{_PEER}test_positions"),
    ),
    "S8": Hazard(
        "a market is looked up by token without a status, and walks live on has_more and next_cursor",
        ("sandbox/server/test_prediction.py::test_a_name_finds_one_market", f"{_PEER}test_markets"),
    ),
    "S9": Hazard(
        "flags are spelled out or left out",
        ("sandbox/server/test_prediction.py::test_an_open_market_has_no_outcome", f"{_PEER}test_histories"),
    ),
    "S10": Hazard(
        "a refused request comes again, four times within seconds",
        ("sandbox/server/test_conventions.py::TestRateLimit::test_the_burst_then_429_with_whole_seconds",),
    ),
    "S11": Hazard(
        "an error's message must be a text, and 204 has no body",
        (f"{_PEER}test_no_method_fails_but_those_that_should", f"{_SERVED}test_cancel"),
    ),
    "S12": Hazard("a redirect would be followed", ("sandbox/server/test_conventions.py::test_never_a_redirect",)),
}
