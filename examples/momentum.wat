;; A momentum taker for spot pairs, in the text form of WebAssembly.
;;
;; It follows two averages of the mid price. When the quick one stands five bps above the slow one it buys what costs one
;; hundredth of a unit at the best ask; when the quick one falls below the slow one it sells all it holds at the best bid.
;; Both are immediate-or-cancel. Position and result are read from the state that the host keeps.
;;
;; Quantities are in 1e-8, prices in 1e-9.
(module
  (import "env" "host_log_impl" (func $log (param $level i32) (param $address i32) (param $length i32)))
  (memory (export "memory") 2)

  (global $SIZE i64 (i64.const 1000000))
  (global $ACTIONS i32 (i32.const 4096))
  (global $free (mut i32) (i32.const 16384))
  (global $quick (mut i64) (i64.const 0))
  (global $slow (mut i64) (i64.const 0))
  (global $last_id (mut i64) (i64.const 0))

  (data (i32.const 1024) "momentum is up: buying")
  (data (i32.const 1056) "momentum is gone: selling")
  (data (i32.const 1088) "filled")
  (data (i32.const 1104) "rejected")

  (func (export "algo_alloc") (param $size i32) (result i32)
    (local $address i32)
    (local.set $address (global.get $free))
    (global.set $free
      (i32.and (i32.add (i32.add (global.get $free) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (local.get $address))

  (func $send (param $price i64) (param $qty i64) (param $side i32)
    (global.set $last_id (i64.add (global.get $last_id) (i64.const 1)))
    (i32.store (global.get $ACTIONS) (i32.const 1))
    (memory.fill (i32.add (global.get $ACTIONS) (i32.const 8)) (i32.const 0) (i32.const 32))
    (i64.store offset=8 (global.get $ACTIONS) (global.get $last_id))
    (i64.store offset=16 (global.get $ACTIONS) (local.get $price))
    (i64.store offset=24 (global.get $ACTIONS) (local.get $qty))
    (i32.store8 offset=32 (global.get $ACTIONS) (local.get $side))
    ;; Order type 2: immediate or cancel.
    (i32.store8 offset=34 (global.get $ACTIONS) (i32.const 2)))

  (func (export "algo_on_book") (param $book i32) (param $state i32) (result i32)
    (local $bid i64)
    (local $ask i64)
    (local $mid i64)
    (local $position i64)
    (i32.store (global.get $ACTIONS) (i32.const 0))
    (if (i32.or
          (i32.eqz (i32.load8_u offset=640 (local.get $book)))
          (i32.eqz (i32.load8_u offset=641 (local.get $book))))
      (then (return (global.get $ACTIONS))))
    (local.set $bid (i64.load (local.get $book)))
    (local.set $ask (i64.load offset=320 (local.get $book)))
    (local.set $mid (i64.div_u (i64.add (local.get $bid) (local.get $ask)) (i64.const 2)))
    (if (i64.eqz (global.get $slow))
      (then
        (global.set $slow (local.get $mid))
        (global.set $quick (local.get $mid))))
    (global.set $quick
      (i64.add (global.get $quick) (i64.div_s (i64.sub (local.get $mid) (global.get $quick)) (i64.const 4))))
    (global.set $slow
      (i64.add (global.get $slow) (i64.div_s (i64.sub (local.get $mid) (global.get $slow)) (i64.const 32))))

    (local.set $position (i64.load (local.get $state)))
    (if (i64.eqz (local.get $position))
      (then
        (if (i64.gt_s
              (i64.mul (i64.sub (global.get $quick) (global.get $slow)) (i64.const 2000))
              (global.get $slow))
          (then
            (call $log (i32.const 2) (i32.const 1024) (i32.const 22))
            (call $send (local.get $ask) (global.get $SIZE) (i32.const 1)))))
      (else
        (if (i64.lt_s (global.get $quick) (global.get $slow))
          (then
            (call $log (i32.const 2) (i32.const 1056) (i32.const 25))
            (call $send (local.get $bid) (local.get $position) (i32.const -1))))))
    (global.get $ACTIONS))

  (func (export "algo_on_fill") (param $fill i32) (param $state i32)
    (call $log (i32.const 1) (i32.const 1088) (i32.const 6)))

  (func (export "algo_on_reject") (param $reject i32)
    (call $log (i32.const 3) (i32.const 1104) (i32.const 8)))

  (func (export "algo_on_shutdown") (param $state i32) (result i32)
    (i32.store (global.get $ACTIONS) (i32.const 0))
    (global.get $ACTIONS)))
