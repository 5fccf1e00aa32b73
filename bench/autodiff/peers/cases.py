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


def between_constants(xp, w, v):
    z = (v - w * v) * 0.5
    return xp.sum(-0.5 * z * z - math.log(2))


def volatility(xp, innovations, persistence, scale, mean, y):
    v = xp.recurrence(innovations * scale, persistence)
    h = v + mean
    return (-0.5 * xp.sum(y * y * xp.exp(-h)) - 0.5 * xp.sum(h) - 0.5 * xp.sum(innovations * innovations)
            - xp.log(5 * (1 + scale * scale / 25)) - xp.log(10 * (1 + mean * mean / 100)) - math.log(2))


def determinant(xp, a):
    """Of the 4 x 4 matrix of 16 numbers, by minors."""

    def minor(row, columns):
        total = None
        for sign, j in enumerate(columns):
            term = a[4 * row + j]
            if row < 3:
                term = term * minor(row + 1, [c for c in columns if c != j])
            total = term if total is None else total - term if sign % 2 else total + term
        return total

    return minor(0, [0, 1, 2, 3])


def second_derivative_of_polynomial(xp, z, *coefficients):
    def polynomial(z):
        p = coefficients[-1]
        for a in reversed(coefficients[:-1]):
            p = p * z + a
        return p

    return xp.second_derivative(polynomial, z)


def lax_wendroff(xp, a, b):
    return (a + b + (a - b) * 0.125) * (0.5 * 0.125)


def toon(xp, a, b):
    return (xp.exp(xp.log(a / b) * 0.125) - 1) * a * b / (a - b)


def advection(flux):
    def run(xp, start):
        def step(q):
            f = flux(xp, q[:-1], q[1:])
            inner = q[1:-1] + f[:-1] - f[1:]
            return xp.concatenate([inner[-1:], inner, inner[:1]])

        end = xp.repeat(2000, step, start)
        return 0.5 * xp.sum(end * end)

    return run


def ode(xp, x):
    """The state in the end, and its Jacobian."""
    h = 0.1

    def slope(y):
        return xp.concatenate([y[:1] * 0, y[:-1]])

    def step(y):
        k = []
        for row in ([], [1 / 5], [3 / 40, 9 / 40], [3 / 10, -9 / 10, 6 / 5], [-11 / 54, 5 / 2, -70 / 27, 35 / 27],
                    [1631 / 55296, 175 / 512, 575 / 13824, 44275 / 110592, 253 / 4096]):
            k.append(slope(y + sum(h * a * b for a, b in zip(row, k))))
        return y + h * (37 / 378 * k[0] + 250 / 621 * k[2] + 125 / 594 * k[3] + 512 / 1771 * k[5])

    return xp.value_and_jacobian(lambda start: xp.repeat(10, step, start), x)


def mixture(xp, alphas, means, diagonals, lower, x):
    rows, columns = numpy.array([(i, j) for j in range(10) for i in range(j + 1, 10)]).T
    spread = xp.exp(diagonals)
    factors = xp.zeros((25, 10, 10)).at[:, numpy.arange(10), numpy.arange(10)].set(spread)
    factors = factors.at[:, rows, columns].set(lower)
    centred = x[:, None, :] - means[None]
    z = xp.einsum("kij,nkj->nki", factors, centred)
    terms = alphas + xp.sum(diagonals, axis=1) - 0.5 * xp.sum(z * z, axis=2)
    return (xp.sum(xp.logsumexp(terms, axis=1)) - 1000 * xp.logsumexp(alphas)
            + 0.5 * (xp.sum(spread * spread) + xp.sum(lower * lower)))


def lstm(xp, w, start, text):
    """Weights [19, 14]: those of the gates of two layers, then scale of the input, scale and offset of the output."""

    def step(state, pair):
        now, y = pair
        flow, after = now * w[16], []
        for layer in range(2):
            v = w[8 * layer:8 * layer + 8]
            hidden, cell = state[2 * layer], state[2 * layer + 1]
            forget, ingate = xp.sigmoid(flow * v[0] + v[4]), xp.sigmoid(hidden * v[1] + v[5])
            outgate, change = xp.sigmoid(flow * v[2] + v[6]), xp.tanh(hidden * v[3] + v[7])
            cell = cell * forget + ingate * change
            flow = outgate * xp.tanh(cell)
            after += [flow, cell]
        guess = flow * w[17] + w[18]
        return xp.stack(after), xp.sum(y * (guess - xp.log(xp.sum(xp.exp(guess)) + 2)))

    return xp.sum(xp.scan(step, start, (text[:-1], text[1:]))[1]) * (-1 / (14 * 1023))


def reprojection(xp, camera, point, weight, seen):
    r, x = camera[:3], point - camera[3:6]
    theta = xp.sqrt(xp.sum(r * r))
    w = r / theta
    y = x * xp.cos(theta) + xp.cross(w, x) * xp.sin(theta) + w * (xp.sum(w * x) * (1 - xp.cos(theta)))
    flat = y[:2] / y[2]
    square = xp.sum(flat * flat)
    distortion = (1 + camera[9] * square + camera[10] * square * square) * camera[6]
    return weight * (flat * distortion + camera[7:9] - seen)


def bundle_adjustment(xp, cameras, points, weights, seen):
    """All errors and the Jacobian of each."""
    of_camera, of_point = numpy.arange(31843) % 49, numpy.arange(31843) % 7776
    return xp.values_and_jacobians(lambda *x: reprojection(xp, *x), 3)(cameras[of_camera], points[of_point], weights,
                                                                      seen)


def multivariate_normal(xp, x, mean, covariance):
    factor = xp.cholesky(covariance)
    return -0.5 * xp.sum(xp.solve_lower(factor, x - mean) ** 2) - xp.sum(xp.log(xp.diagonal(factor)))


def cases():
    """Name: (function of xp and the arguments, arguments, how many of them to differentiate by; 0 where the function
    asks for its derivatives itself)."""
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
    table["deviations_between_constants"] = (between_constants, [2.0, numpy.arange(1000.0)], 1)
    for n in (128, 8192):
        table[f"volatility_in_steps<{n}>"] = table[f"volatility_by_scan<{n}>"] = (volatility, [uniform(n), 0.6, 0.4, -0.3, uniform(n)], 4)
    table["determinant_by_minors"] = (determinant, [uniform(16)], 1)
    table["second_derivative_of_polynomial"] = (second_derivative_of_polynomial,
                                                [0.7] + [1 + 0.1 * (i % 7) for i in range(21)], 0)
    wave = 1.5 + 0.5 * numpy.sin(2 * numpy.pi * numpy.arange(100) / 98.5)
    table["advection<LaxWendroff>"] = (advection(lax_wendroff), [wave], 1)
    table["advection<Toon>"] = (advection(toon), [wave], 1)
    table["ode<21>"] = (ode, [uniform(21)], 0)
    table["mixture"] = (mixture, [RANDOM.normal(size=25), uniform(25, 10), RANDOM.normal(size=(25, 10)) * 0.3,
                                  RANDOM.normal(size=(25, 45)) * 0.3, RANDOM.normal(size=(1000, 10))], 4)
    table["lstm"] = (lstm, [RANDOM.normal(size=(19, 14)) * 0.5, RANDOM.normal(size=(4, 14)) * 0.5,
                            (uniform(1024, 14) > 0).astype(float)], 1)
    cameras = 0.3 * uniform(49, 11)
    cameras[:, 5] -= 4
    cameras[:, 6] += 1
    table["bundle_adjustment"] = (bundle_adjustment, [cameras, uniform(7776, 3), uniform(31843), uniform(31843, 2)], 0)
    for n in (10, 50, 100):
        factor = numpy.tril(uniform(n, n), -1) + 10 * numpy.eye(n)
        table[f"multivariate_normal<{n}>"] = (multivariate_normal, [uniform(n), uniform(n), factor @ factor.T], 3)
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
                                        recurrence=recurrence, tanh=np.tanh, cross=np.cross, zeros=np.zeros,
                                        einsum=np.einsum, stack=np.stack, concatenate=np.concatenate,
                                        sigmoid=jax.nn.sigmoid, logsumexp=jax.nn.logsumexp, scan=jax.lax.scan,
                                        cholesky=np.linalg.cholesky, diagonal=np.diagonal)
        self.xp.solve_lower = lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=True)
        self.xp.second_derivative = lambda f, x: jax.grad(jax.grad(f))(x)
        self.xp.value_and_jacobian = lambda f, x: (f(x), jax.jacfwd(f)(x))
        self.xp.repeat = lambda count, f, x: jax.lax.scan(lambda q, _: (f(q), None), x, length=count)[0]

        def values_and_jacobians(f, count):
            slopes = jax.jacrev(f, argnums=tuple(range(count)))
            return jax.vmap(lambda *x: (f(*x), slopes(*x)))

        self.xp.values_and_jacobians = values_and_jacobians

    def prepare(self, function, arguments, count):
        """A callable that runs value and gradient, and their values."""
        def call(*x):
            return function(self.xp, *x)

        f = self.jax.jit(self.jax.value_and_grad(call, argnums=tuple(range(count))) if count else call)
        x = [self.jax.numpy.asarray(a) for a in arguments]
        result = [numpy.asarray(y) for y in self.jax.tree_util.tree_leaves(f(*x))]
        return (lambda: self.jax.block_until_ready(f(*x))), result


class Casadi:
    # What is a loop of thousands of steps, or of thousands of small functions, is left out: it has none, nor a Cholesky
    # factor of arrays.
    without = {"advection<LaxWendroff>", "advection<Toon>", "mixture", "lstm", "bundle_adjustment",
               "multivariate_normal<10>", "multivariate_normal<50>", "multivariate_normal<100>"}
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

        def repeat(count, f, x):
            for _ in range(count):
                x = f(x)
            return x

        def value_and_jacobian(f, x):
            value = f(x)
            return value, c.densify(c.jacobian(value, x))

        return types.SimpleNamespace(sum=lambda x: c.sum1(c.sum2(x)), prod=prod, exp=c.exp, log=c.log, sin=c.sin,
                                     cos=c.cos, sqrt=c.sqrt, abs=c.fabs, matmul=c.mtimes, erf=c.erf,
                                     recurrence=recurrence, repeat=repeat, value_and_jacobian=value_and_jacobian,
                                     concatenate=lambda parts: c.vertcat(*parts),
                                     second_derivative=lambda f, x: c.hessian(f(x), x)[0])

    def prepare(self, function, arguments, count):
        c = self.casadi
        arrays = [numpy.asarray(a, dtype=float) for a in arguments]
        work = sum(a.size for a in arrays)
        of_matrices = all(a.ndim == 2 for a in arrays)
        kind = c.SX if work <= (4000 if of_matrices else self.limit) else c.MX
        symbols = [kind.sym(f"x{i}", *(a.shape if a.ndim else (1,))) for i, a in enumerate(arrays)]
        value = function(self.namespace(), *symbols)
        values = list(value) if isinstance(value, tuple) else [value]
        f = c.Function("f", symbols, values + [c.gradient(value, s) for s in symbols[:count]])
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
        result = [o.reshape(v.shape, order="F").squeeze() for o, v in zip(outs, values)]
        for a, o in zip(arrays[:count], outs[len(values):]):
            result.append(o.reshape(a.shape, order="F") if a.shape else o[0])
        self.alive = (keep, outs, buffer, f)  # for as long as `run` is called
        return run, result
