"""The functions of the benchmarks for JAX and CasADi, and how each is timed.

A case has the name that it has in the benchmark programs. `build(xp)` writes it once for both: xp is a namespace with
sum, prod, exp, log and so on.
"""

import math
import statistics
import time
import types

import numpy

RANDOM = numpy.random.default_rng(1)


def uniform(*shape, low=-1.0, high=1.0):
    return RANDOM.uniform(low, high, shape)


def normal(x, xp):
    return xp.erf(x * math.sqrt(0.5)) * 0.5 + 0.5


def call_price(xp, spot, strike, rate, volatility, time_left):
    deviation = volatility * xp.sqrt(time_left)
    d1 = (xp.log(spot / strike) + (rate + volatility * volatility * 0.5) * time_left) / deviation
    return spot * normal(d1, xp) - strike * xp.exp(-rate * time_left) * normal(d1 - deviation, xp)


def normal_log_pdf(xp, x):
    return -0.5 * xp.sum(((x + 0.56) * (1 / 1.37)) ** 2) - x.shape[0] * math.log(1.37)


def posterior(xp, w, b, u, x, y):
    s = xp.abs(u) + 0.1
    residual = y - xp.matmul(x, w) - b
    return (-0.5 * xp.sum(residual * residual) / (s * s) - 1000 * xp.log(s) - 0.5 * xp.sum(w * w) - 0.5 * b * b
            - math.log(9.9))


def chain(xp, x):
    w0 = x[0] * x[1] - x[2] * xp.sin(x[0])
    w1 = x[1] * w0 - xp.cos(w0) + xp.sum(x)
    return w1 + xp.exp(w1 - w0)


def of_product(xp, x):
    p = xp.prod(x * x)
    return p * p + xp.cos(p)


def of_sum(xp, x):
    s = xp.sum(x * x)
    return s * s + xp.sin(s)


def deviations(xp, a, b, v):
    z = (v - a * v) * (1 / b)
    return -0.5 * xp.sum(z * z)


def volatility(xp, innovations, persistence, scale, mean, y):
    v = xp.recurrence(innovations * scale, persistence)
    h = v + mean
    return (-0.5 * xp.sum(y * y * xp.exp(-h)) - 0.5 * xp.sum(h) - 0.5 * xp.sum(innovations * innovations)
            - xp.log(5 * (1 + scale * scale / 25)) - xp.log(10 * (1 + mean * mean / 100)) - math.log(2))


def cases():
    """Name: (function of xp and the arguments, arguments, how many of them to differentiate by, largest for CasADi)."""
    table = {}
    for n in (1, 16, 256, 4096, 16384):
        table[f"sum_of<{n}>"] = (lambda xp, x: xp.sum(x), [uniform(n)], 1)
        table[f"product_of<{n}>"] = (lambda xp, x: xp.prod(x), [uniform(n, low=0.8, high=1.2)], 1)
        table[f"log_sum_exp_of<{n}>"] = (lambda xp, x: xp.log(xp.sum(xp.exp(x))), [uniform(n)], 1)
        table[f"normal_log_pdf_of<{n}>"] = (normal_log_pdf, [uniform(n)], 1)
    table["sum_by_elements"] = (lambda xp, x: xp.sum(x), [uniform(16)], 1)
    table["product_by_elements"] = (lambda xp, x: xp.prod(x), [uniform(16, low=0.8, high=1.2)], 1)
    for n in (2, 11, 32, 90, 181):
        table[f"product_of_matrices<{n}>"] = (lambda xp, a, b: xp.sum(xp.matmul(a, b)), [uniform(n, n), uniform(n, n)],
                                              2)
    table["square_of_matrix"] = (lambda xp, x: xp.sum(xp.matmul(x, x)), [uniform(81, 81)], 1)
    for p in (10, 150):
        table[f"regression<{p}>"] = (posterior, [uniform(p), 0.3, -0.7, uniform(1000, p), uniform(1000)], 3)
    table["black_scholes"] = (call_price, [100.0, 110.0, 0.05, 0.2, 1.5], 5)
    table["chain_of_100"] = (chain, [numpy.arange(100) / 100], 1)
    table["product_of_ten"] = (of_product, [numpy.arange(1, 11) * 0.2], 1)
    table["sum_of_ten"] = (of_sum, [numpy.arange(1.0, 11)], 1)
    table["deviations_of_1000"] = (deviations, [2.0, 1.0, numpy.arange(1000) / 1000], 2)
    for n in (128, 8192):
        table[f"volatility_in_steps<{n}>"] = table[f"volatility_by_scan<{n}>"] = (volatility, [uniform(n), 0.6, 0.4, -0.3, uniform(n)], 4)
    options = [uniform(4096, low=low, high=high) for low, high in ((80, 120), (80, 120), (0, 0.1), (0.1, 0.5), (0.1, 2))]
    # The sum of independent prices has their greeks for derivatives.
    table["many_options"] = (lambda xp, *x: xp.sum(call_price(xp, *x)), options, 5)
    return table


def nanoseconds(run, turn=2e-3, turns=9):
    """The median time of a call, from turns of about `turn` seconds."""
    run()
    calls = 1
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            run()
        spent = time.perf_counter() - start
        if spent > turn / 2:
            break
        calls *= 2
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        for _ in range(calls):
            run()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times) * 1e9


class Jax:
    def __init__(self):
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax, self.version = jax, jax.__version__
        np = jax.numpy

        def recurrence(u, persistence):
            def step(before, x):
                v = x + persistence * before
                return v, v

            first = u[0] / np.sqrt(1 - persistence * persistence)
            _, rest = jax.lax.scan(step, first, u[1:])
            return np.concatenate([first[None], rest])

        self.xp = types.SimpleNamespace(sum=np.sum, prod=np.prod, exp=np.exp, log=np.log, sin=np.sin, cos=np.cos,
                                        sqrt=np.sqrt, abs=np.abs, matmul=np.matmul, erf=jax.scipy.special.erf,
                                        recurrence=recurrence)

    def prepare(self, function, arguments, count):
        """A callable that runs value and gradient, and their values."""
        f = self.jax.jit(self.jax.value_and_grad(lambda *x: function(self.xp, *x), argnums=tuple(range(count))))
        x = [self.jax.numpy.asarray(a) for a in arguments]
        value, gradient = f(*x)
        result = [float(value)] + [numpy.asarray(g) for g in gradient]
        return (lambda: self.jax.block_until_ready(f(*x))), result


class Casadi:
    # Up to so many numbers each is a node of its own, which is quicker; beyond, arrays are.
    limit = 20000

    def __init__(self):
        import casadi

        self.casadi, self.version = casadi, casadi.__version__

    def namespace(self):
        c = self.casadi

        def prod(x):
            result = x[0]
            for i in range(1, x.shape[0]):
                result = result * x[i]
            return result

        def recurrence(u, persistence):
            v = [u[0] / c.sqrt(1 - persistence * persistence)]
            for i in range(1, u.shape[0]):
                v.append(u[i] + persistence * v[-1])
            return c.vertcat(*v)

        return types.SimpleNamespace(sum=lambda x: c.sum1(c.sum2(x)), prod=prod, exp=c.exp, log=c.log, sin=c.sin,
                                     cos=c.cos, sqrt=c.sqrt, abs=c.fabs, matmul=c.mtimes, erf=c.erf,
                                     recurrence=recurrence)

    def prepare(self, function, arguments, count):
        c = self.casadi
        arrays = [numpy.asarray(a, dtype=float) for a in arguments]
        work = sum(a.size for a in arrays)
        of_matrices = all(a.ndim == 2 for a in arrays)
        kind = c.SX if work <= (4000 if of_matrices else self.limit) else c.MX
        symbols = [kind.sym(f"x{i}", *(a.shape if a.ndim else (1,))) for i, a in enumerate(arrays)]
        value = function(self.namespace(), *symbols)
        outputs = [c.gradient(value, s) for s in symbols[:count]]
        f = c.Function("f", symbols, [value] + outputs)
        # The buffers are handed over once: no conversion of arguments in what is timed.
        buffer, run = f.buffer()
        keep = []
        for i, a in enumerate(arrays):
            keep.append(a.ravel(order="F").copy())
            buffer.set_arg(i, memoryview(keep[-1]))
        outs = [numpy.zeros(max(1, f.nnz_out(i))) for i in range(f.n_out())]
        for i, o in enumerate(outs):
            buffer.set_res(i, memoryview(o))
        run()
        result = [float(outs[0][0])]
        for i in range(count):
            shape = arrays[i].shape
            result.append(outs[1 + i].reshape(shape, order="F") if shape else outs[1 + i][0])
        self.alive = (keep, outs, buffer, f)  # for as long as `run` is called
        return run, result
