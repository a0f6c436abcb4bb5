;; A market maker for prediction markets, in the text form of WebAssembly.
;;
;; It rests one bid at the best bid and, while it holds contracts, one offer at the best ask, leaves each where it is for
;; at least a minute, and keeps books of its own: position, cost and result, from nothing but its fills, which it logs.
;;
;; Quantities are in 1e-8 contracts, prices in 1e-9 dollars. Cost and result are exact, in 1e-17 dollars, as long as the
;; position stays below forty contracts; the result is logged in 1e-9 dollars.
(module
  (import "env" "host_log_impl" (func $log (param $level i32) (param $address i32) (param $length i32)))
  (memory (export "memory") 2)

  ;; Five contracts a quote, at most twenty held, a minute in nanoseconds.
  (global $QUOTE i64 (i64.const 500000000))
  (global $MOST i64 (i64.const 2000000000))
  (global $PATIENCE i64 (i64.const 60000000000))

  ;; Where the answer lies (count, then actions of 32 bytes), and where text is put together.
  (global $ACTIONS i32 (i32.const 4096))
  (global $TEXT i32 (i32.const 8192))
  (global $free (mut i32) (i32.const 16384))
  (global $end (mut i32) (i32.const 8192))

  ;; The order that stands on each side, its price, and since when; zero for none.
  (global $last_id (mut i64) (i64.const 0))
  (global $bid_id (mut i64) (i64.const 0))
  (global $bid_px (mut i64) (i64.const 0))
  (global $bid_since (mut i64) (i64.const 0))
  (global $ask_id (mut i64) (i64.const 0))
  (global $ask_px (mut i64) (i64.const 0))
  (global $ask_since (mut i64) (i64.const 0))

  ;; Its own books.
  (global $position (mut i64) (i64.const 0))
  (global $cost (mut i64) (i64.const 0))
  (global $result (mut i64) (i64.const 0))
  (global $fills (mut i64) (i64.const 0))
  (global $rejects (mut i64) (i64.const 0))

  (data (i32.const 1024) "bought ")
  (data (i32.const 1040) "sold ")
  (data (i32.const 1056) " at ")
  (data (i32.const 1072) " position ")
  (data (i32.const 1088) " cost ")
  (data (i32.const 1104) " realized ")
  (data (i32.const 1120) " fills ")
  (data (i32.const 1136) "rejected ")
  (data (i32.const 1152) " code ")
  (data (i32.const 1168) "books")

  (func (export "algo_alloc") (param $size i32) (result i32)
    (local $address i32)
    (local.set $address (global.get $free))
    (global.set $free
      (i32.and (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $address))

  ;; Text.

  (func $words (param $address i32) (param $length i32)
    (memory.copy (global.get $end) (local.get $address) (local.get $length))
    (global.set $end (i32.add (global.get $end) (local.get $length))))

  (func $number (param $value i64)
    (local $scale i64)
    (if (i64.lt_s (local.get $value) (i64.const 0))
      (then
        (i32.store8 (global.get $end) (i32.const 45))
        (global.set $end (i32.add (global.get $end) (i32.const 1)))
        (local.set $value (i64.sub (i64.const 0) (local.get $value)))))
    (local.set $scale (i64.const 1))
    (block $found
      (loop $wider
        (br_if $found (i64.lt_u (i64.div_u (local.get $value) (local.get $scale)) (i64.const 10)))
        (local.set $scale (i64.mul (local.get $scale) (i64.const 10)))
        (br $wider)))
    (loop $digit
      (i32.store8 (global.get $end)
        (i32.add (i32.const 48)
          (i32.wrap_i64 (i64.rem_u (i64.div_u (local.get $value) (local.get $scale)) (i64.const 10)))))
      (global.set $end (i32.add (global.get $end) (i32.const 1)))
      (local.set $scale (i64.div_u (local.get $scale) (i64.const 10)))
      (br_if $digit (i64.gt_u (local.get $scale) (i64.const 0)))))

  (func $say
    (call $log (i32.const 2) (global.get $TEXT) (i32.sub (global.get $end) (global.get $TEXT)))
    (global.set $end (global.get $TEXT)))

  (func $say_books
    (call $words (i32.const 1072) (i32.const 10))
    (call $number (global.get $position))
    (call $words (i32.const 1088) (i32.const 6))
    (call $number (global.get $cost))
    (call $words (i32.const 1104) (i32.const 10))
    (call $number (call $floor (global.get $result)))
    (call $words (i32.const 1120) (i32.const 7))
    (call $number (global.get $fills))
    (call $say))

  ;; From 1e-17 to 1e-9 dollars, rounded down.
  (func $floor (param $exact i64) (result i64)
    (i64.sub
      (i64.div_s (local.get $exact) (i64.const 100000000))
      (i64.extend_i32_u (i64.lt_s (i64.rem_s (local.get $exact) (i64.const 100000000)) (i64.const 0)))))

  ;; Actions.

  (func $act (param $id i64) (param $price i64) (param $qty i64) (param $side i32) (param $cancel i32)
    (local $at i32)
    (local.set $at
      (i32.add (global.get $ACTIONS)
        (i32.add (i32.const 8) (i32.mul (i32.load (global.get $ACTIONS)) (i32.const 32)))))
    (memory.fill (local.get $at) (i32.const 0) (i32.const 32))
    (i64.store (local.get $at) (local.get $id))
    (i64.store offset=8 (local.get $at) (local.get $price))
    (i64.store offset=16 (local.get $at) (local.get $qty))
    (i32.store8 offset=24 (local.get $at) (local.get $side))
    (i32.store8 offset=25 (local.get $at) (local.get $cancel))
    ;; Orders are post-only: they make the market, or are rejected.
    (i32.store8 offset=26 (local.get $at) (select (i32.const 0) (i32.const 4) (local.get $cancel)))
    (i32.store (global.get $ACTIONS) (i32.add (i32.load (global.get $ACTIONS)) (i32.const 1))))

  (func $place (param $price i64) (param $qty i64) (param $side i32) (result i64)
    (global.set $last_id (i64.add (global.get $last_id) (i64.const 1)))
    (call $act (global.get $last_id) (local.get $price) (local.get $qty) (local.get $side) (i32.const 0))
    (global.get $last_id))

  ;; Whether an order of the state's table still works.
  (func $works (param $state i32) (param $id i64) (result i32)
    (local $row i32)
    (local $left i32)
    (local.set $row (i32.add (local.get $state) (i32.const 32)))
    (local.set $left (i32.load8_u offset=1312 (local.get $state)))
    (block $none
      (loop $next
        (br_if $none (i32.eqz (local.get $left)))
        (if (i32.and
              (i64.eq (i64.load (local.get $row)) (local.get $id))
              (i32.lt_u (i32.load8_u offset=33 (local.get $row)) (i32.const 3)))
          (then (return (i32.const 1))))
        (local.set $row (i32.add (local.get $row) (i32.const 40)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  (func (export "algo_on_book") (param $book i32) (param $state i32) (result i32)
    (local $now i64)
    (local $bid i64)
    (local $ask i64)
    (i32.store (global.get $ACTIONS) (i32.const 0))
    (local.set $now (i64.load offset=648 (local.get $book)))
    (if (i32.or
          (i32.eqz (i32.load8_u offset=640 (local.get $book)))
          (i32.eqz (i32.load8_u offset=641 (local.get $book))))
      (then (return (global.get $ACTIONS))))
    (local.set $bid (i64.load (local.get $book)))
    (local.set $ask (i64.load offset=320 (local.get $book)))

    (if (i32.eqz (call $works (local.get $state) (global.get $bid_id)))
      (then (global.set $bid_id (i64.const 0))))
    (if (i32.eqz (call $works (local.get $state) (global.get $ask_id)))
      (then (global.set $ask_id (i64.const 0))))

    ;; Take back what stood long enough in the wrong place.
    (if (i32.and
          (i64.ne (global.get $bid_id) (i64.const 0))
          (i32.and
            (i64.ne (global.get $bid_px) (local.get $bid))
            (i64.ge_s (i64.sub (local.get $now) (global.get $bid_since)) (global.get $PATIENCE))))
      (then
        (call $act (global.get $bid_id) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 1))
        (global.set $bid_id (i64.const 0))))
    (if (i32.and
          (i64.ne (global.get $ask_id) (i64.const 0))
          (i32.and
            (i64.ne (global.get $ask_px) (local.get $ask))
            (i64.ge_s (i64.sub (local.get $now) (global.get $ask_since)) (global.get $PATIENCE))))
      (then
        (call $act (global.get $ask_id) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 1))
        (global.set $ask_id (i64.const 0))))

    ;; Quote where nothing stands.
    (if (i32.and
          (i64.eqz (global.get $bid_id))
          (i64.le_s (i64.add (global.get $position) (global.get $QUOTE)) (global.get $MOST)))
      (then
        (if (i64.ge_s (i64.sub (local.get $now) (global.get $bid_since)) (global.get $PATIENCE))
          (then
            (global.set $bid_px (local.get $bid))
            (global.set $bid_since (local.get $now))
            (global.set $bid_id (call $place (local.get $bid) (global.get $QUOTE) (i32.const 1)))))))
    (if (i32.and (i64.eqz (global.get $ask_id)) (i64.gt_s (global.get $position) (i64.const 0)))
      (then
        (if (i64.ge_s (i64.sub (local.get $now) (global.get $ask_since)) (global.get $PATIENCE))
          (then
            (global.set $ask_px (local.get $ask))
            (global.set $ask_since (local.get $now))
            (global.set $ask_id
              (call $place
                (local.get $ask)
                (select (global.get $QUOTE) (global.get $position)
                  (i64.lt_s (global.get $QUOTE) (global.get $position)))
                (i32.const -1)))))))
    (global.get $ACTIONS))

  (func (export "algo_on_fill") (param $fill i32) (param $state i32)
    (local $price i64)
    (local $qty i64)
    (local $released i64)
    (local.set $price (i64.load offset=8 (local.get $fill)))
    (local.set $qty (i64.load offset=16 (local.get $fill)))
    (global.set $fills (i64.add (global.get $fills) (i64.const 1)))
    (if (i32.gt_s (i32.load8_s offset=32 (local.get $fill)) (i32.const 0))
      (then
        (call $words (i32.const 1024) (i32.const 7))
        (global.set $cost (i64.add (global.get $cost) (i64.mul (local.get $qty) (local.get $price))))
        (global.set $position (i64.add (global.get $position) (local.get $qty))))
      (else
        (call $words (i32.const 1040) (i32.const 5))
        ;; cost * qty / position, without leaving 64 bits.
        (local.set $released
          (i64.add
            (i64.mul (i64.div_u (global.get $cost) (global.get $position)) (local.get $qty))
            (i64.div_u
              (i64.mul (i64.rem_u (global.get $cost) (global.get $position)) (local.get $qty))
              (global.get $position))))
        (global.set $cost (i64.sub (global.get $cost) (local.get $released)))
        (global.set $result
          (i64.add (global.get $result)
            (i64.sub (i64.mul (local.get $qty) (local.get $price)) (local.get $released))))
        (global.set $position (i64.sub (global.get $position) (local.get $qty)))))
    (call $number (local.get $qty))
    (call $words (i32.const 1056) (i32.const 4))
    (call $number (local.get $price))
    (call $say_books))

  (func (export "algo_on_reject") (param $reject i32)
    (global.set $rejects (i64.add (global.get $rejects) (i64.const 1)))
    (call $words (i32.const 1136) (i32.const 9))
    (call $number (i64.load (local.get $reject)))
    (call $words (i32.const 1152) (i32.const 6))
    (call $number (i64.load8_u offset=8 (local.get $reject)))
    (call $say))

  ;; Leave no quote behind, and say how the books stand.
  (func (export "algo_on_shutdown") (param $state i32) (result i32)
    (i32.store (global.get $ACTIONS) (i32.const 0))
    (if (call $works (local.get $state) (global.get $bid_id))
      (then (call $act (global.get $bid_id) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 1))))
    (if (call $works (local.get $state) (global.get $ask_id))
      (then (call $act (global.get $ask_id) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 1))))
    (global.set $bid_id (i64.const 0))
    (global.set $ask_id (i64.const 0))
    (call $words (i32.const 1168) (i32.const 5))
    (call $say_books)
    (global.get $ACTIONS)))
