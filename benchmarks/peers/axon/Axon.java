import com.fasterxml.jackson.databind.ObjectMapper;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.axonframework.commandhandling.CommandHandler;
import org.axonframework.commandhandling.gateway.CommandGateway;
import org.axonframework.common.jdbc.UnitOfWorkAwareConnectionProviderWrapper;
import org.axonframework.common.transaction.NoTransactionManager;
import org.axonframework.config.Configuration;
import org.axonframework.config.DefaultConfigurer;
import org.axonframework.eventsourcing.EventSourcingHandler;
import org.axonframework.eventsourcing.eventstore.jdbc.JdbcEventStorageEngine;
import org.axonframework.eventsourcing.eventstore.jdbc.PostgresEventTableFactory;
import org.axonframework.modelling.command.AggregateCreationPolicy;
import org.axonframework.modelling.command.AggregateIdentifier;
import org.axonframework.modelling.command.AggregateLifecycle;
import org.axonframework.modelling.command.CreationPolicy;
import org.axonframework.modelling.command.TargetAggregateIdentifier;
import org.axonframework.serialization.json.JacksonSerializer;

/** Axon Framework with its embedded JDBC event store, no Axon Server, no snapshots, no cache. */
public class Axon {
    static final int USERS = 5_000, EVENTS = 20;

    public static class Data {
        public String app, group, name, operator, source;
        public List<String> conversations;

        Data fill(int n, String group) {
            this.app = "1400000001";
            this.group = group;
            this.name = String.format("Family, friends and the people from work %04d", n);
            this.conversations = IntStream.range(0, 5).mapToObj(i -> String.format("C2C_contact-of-mine-%04d", (7 * n + i) % 1000)).toList();
            this.operator = "administrator";
            this.source = "an-ordinary-client";
            return this;
        }
    }
    public static class Created extends Data {}
    public static class Added extends Data {}
    public static class Renamed extends Data {}
    public static class Removed extends Data {}
    public static class Deleted extends Data {}

    public record Open(@TargetAggregateIdentifier String user, int events) {}
    public record Change(@TargetAggregateIdentifier String user) {}
    public record Opened(String user) {}

    static class Group {
        String name;
        final Set<String> conversations = new HashSet<>();
    }

    static void evolve(Map<String, Group> groups, Object event) {
        if (event instanceof Created data) { var group = new Group(); group.name = data.name; groups.put(data.group, group); }
        else if (event instanceof Added data) groups.get(data.group).conversations.addAll(data.conversations);
        else if (event instanceof Renamed data) groups.get(data.group).name = data.name;
        else if (event instanceof Removed data) data.conversations.forEach(groups.get(data.group).conversations::remove);
        else if (event instanceof Deleted data) groups.remove(data.group);
    }

    public static class UserGroups {
        @AggregateIdentifier private String user;
        private final Map<String, Group> groups = new HashMap<>();
        private int n;

        public UserGroups() {}

        @CommandHandler @CreationPolicy(AggregateCreationPolicy.ALWAYS)
        public void open(Open command) {
            AggregateLifecycle.apply(new Opened(command.user()));
            for (int i = 1; i < command.events(); i++) change(null);
        }

        @CommandHandler
        public void change(Change command) {
            var group = String.format("group-%04d", n / 5);
            var old = n < 10 ? group : String.format("group-%04d", n / 5 - 2);
            boolean delete = n % 5 == 4 && n >= 10 && groups.containsKey(old);
            if ((n % 5 == 0) == groups.containsKey(group)) throw new IllegalStateException("refused");
            AggregateLifecycle.apply(switch (n % 5) {
                case 0 -> new Created().fill(n, group);
                case 1 -> new Added().fill(n, group);
                case 3 -> new Removed().fill(n, group);
                default -> delete ? new Deleted().fill(n, old) : new Renamed().fill(n, group);
            });
        }

        @EventSourcingHandler void on(Opened event) { user = event.user(); }
        @EventSourcingHandler void on(Data event) { evolve(groups, event); n++; }
    }

    static final AtomicReference<HikariDataSource> pool = new AtomicReference<>();
    static final AtomicLong next = new AtomicLong();
    static JdbcEventStorageEngine engine;
    static CommandGateway gateway;

    static void open(int size, boolean autoCommit) {
        var config = new HikariConfig();
        var env = System.getenv();
        config.setJdbcUrl("jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE"));
        config.setUsername(env.get("PGUSER"));
        config.setAutoCommit(autoCommit);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(size);
        pool.set(new HikariDataSource(config));
    }

    static void start() {
        var serializer = JacksonSerializer.defaultSerializer();
        engine = JdbcEventStorageEngine.builder()
            .connectionProvider(new UnitOfWorkAwareConnectionProviderWrapper(() -> pool.get().getConnection()))
            .transactionManager(NoTransactionManager.instance())
            .eventSerializer(serializer).snapshotSerializer(serializer)
            .batchSize(1000)
            .build();
        Configuration axon = DefaultConfigurer.defaultConfiguration()
            .configureEmbeddedEventStore(c -> engine)
            .configureSerializer(c -> serializer)
            .configureAggregate(UserGroups.class)
            .buildConfiguration();
        axon.start();
        gateway = axon.commandGateway();
    }

    interface Work { void once() throws Exception; }

    static Map<String, Object> measure(int callers, double warm, double seconds, Work work) throws Exception {
        long begin = System.nanoTime() + (long) (warm * 1e9), end = begin + (long) (seconds * 1e9);
        var counted = new AtomicLong();
        var total = new AtomicLong();
        var last = new AtomicLong(begin);
        var failure = new AtomicReference<Throwable>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < callers; i++) {
            var thread = new Thread(() -> {
                try {
                    for (long now = System.nanoTime(); now < end; now = System.nanoTime()) {
                        work.once();
                        total.incrementAndGet();
                        if (now >= begin) { counted.incrementAndGet(); last.accumulateAndGet(System.nanoTime(), Math::max); }
                    }
                } catch (Throwable problem) { failure.set(problem); }
            });
            threads.add(thread);
            thread.start();
        }
        Thread.sleep(Math.max(0, (begin - System.nanoTime()) / 1_000_000));
        System.out.println("{\"begin\": true}");
        for (var thread : threads) thread.join();
        if (failure.get() != null) throw new RuntimeException(failure.get());
        return Map.of("count", counted.get(), "seconds", (last.get() - begin) / 1e9, "total", total.get());
    }

    static Map<String, Object> seed() {
        open(1, true);  // outside a unit of work nobody commits
        engine.createSchema(PostgresEventTableFactory.INSTANCE);
        pool.get().close();
        open(8, false);
        IntStream.range(0, USERS).parallel().forEach(user -> gateway.sendAndWait(new Open("groups-" + user, EVENTS)));
        return Map.of("events", USERS * EVENTS);
    }

    static Map<String, Object> rebuild() {
        open(2, false);
        var views = new HashMap<String, Map<String, Group>>();
        long begin = System.nanoTime(), count = 0;
        try (var events = engine.readEvents(null, false)) {
            for (var each = events.iterator(); each.hasNext() && count < USERS * EVENTS; count++) {
                var message = (org.axonframework.eventhandling.DomainEventMessage<?>) each.next();
                evolve(views.computeIfAbsent(message.getAggregateIdentifier(), id -> new HashMap<>()), message.getPayload());
            }
        }
        return Map.of("count", count, "seconds", (System.nanoTime() - begin) / 1e9);
    }

    static Map<String, Object> check() throws Exception {
        open(1, false);
        try (var db = pool.get().getConnection();
             var rows = db.createStatement().executeQuery("SELECT count(*), max(length(payload)) FROM DomainEventEntry")) {
            rows.next();
            return Map.of("events", rows.getLong(1), "bytes", rows.getLong(2));
        }
    }

    public static void main(String[] arguments) throws Exception {
        start();
        var json = new ObjectMapper();
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null;) {
            Map<String, Object> answer;
            try {
                var ask = json.readTree(line);
                answer = switch (ask.get("do").asText()) {
                    case "seed" -> seed();
                    case "run" -> {
                        int callers = ask.get("callers").asInt();
                        open(callers, false);
                        yield measure(callers, ask.get("warm").asDouble(), ask.get("seconds").asDouble(),
                            () -> gateway.sendAndWait(new Change("groups-" + next.getAndIncrement() % USERS)));
                    }
                    case "rebuild" -> rebuild();
                    default -> check();
                };
            } catch (Throwable problem) {
                answer = Map.of("error", String.valueOf(problem));
            } finally {
                if (pool.get() != null) pool.get().close();
            }
            System.out.println(json.writeValueAsString(answer));
        }
        System.exit(0);
    }
}
