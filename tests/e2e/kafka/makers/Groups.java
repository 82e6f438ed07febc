import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

/**
 * Folds every event to each user's groups, and reads the same from the groups topic; written from the contract.
 *
 * Arguments: where Kafka is, the prefix of the topics, the folder of the contract. The number of events comes on the
 * standard input; when so many were read, what they came to goes to the standard output.
 */
public class Groups {
    static final ObjectMapper JSON = new ObjectMapper();
    static final Map<String, JsonSchema> SCHEMAS = new HashMap<>();
    static volatile long wanted = Long.MAX_VALUE;

    static class User {
        long revision = 0;
        int partition;
        final LinkedHashMap<Long, String> names = new LinkedHashMap<>();
        final Map<Long, LinkedHashSet<String>> members = new HashMap<>();
    }

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0], prefix = arguments[1];
        JsonSchemaFactory factory = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
        try (var files = Files.list(Path.of(arguments[2], "schemas"))) {
            for (Path file : (Iterable<Path>) files::iterator)
                SCHEMAS.put(file.getFileName().toString().replaceAll("\\.json$", ""), factory.getSchema(JSON.readTree(file.toFile())));
        }
        Thread input = new Thread(() -> {
            try (var reader = new BufferedReader(new InputStreamReader(System.in))) {
                wanted = Long.parseLong(reader.readLine().trim());
            } catch (Exception error) {
                System.exit(3);
            }
        });
        input.setDaemon(true);
        input.start();
        Map<String, Object> answer = new TreeMap<>();
        try (var consumer = connect(bootstrap)) {
            answer.put("events", fold(consumer, prefix + ".events.v1"));
            answer.put("groups", newest(consumer, prefix + ".groups.v1"));
        }
        System.out.write(JSON.writeValueAsBytes(answer));
        System.out.flush();
    }

    static KafkaConsumer<byte[], byte[]> connect(String bootstrap) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("isolation.level", "read_committed");
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", "false");
        settings.put("allow.auto.create.topics", "false");
        var bytes = "org.apache.kafka.common.serialization.ByteArrayDeserializer";
        settings.put("key.deserializer", bytes);
        settings.put("value.deserializer", bytes);
        return new KafkaConsumer<>(settings);
    }

    static List<TopicPartition> all(KafkaConsumer<byte[], byte[]> consumer, String topic) throws InterruptedException {
        while (true) {
            var found = consumer.partitionsFor(topic);
            if (found != null && !found.isEmpty())
                return found.stream().map(one -> new TopicPartition(topic, one.partition())).toList();
            Thread.sleep(50);
        }
    }

    static Map<String, Object> fold(KafkaConsumer<byte[], byte[]> consumer, String topic) throws Exception {
        Map<String, User> users = new HashMap<>();
        Set<String> positions = new HashSet<>();
        var partitions = all(consumer, topic);
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        long read = 0, since = System.nanoTime();
        // When all are there, it looks on for a while: one more would be a double.
        while (read < wanted || System.nanoTime() - since < 1_000_000_000L) {
            var records = consumer.poll(Duration.ofMillis(100));
            for (var record : records) {
                take(record, users, positions);
                read++;
                since = System.nanoTime();
            }
            if (read > wanted) throw new IllegalStateException(read + " events, and not " + wanted);
        }
        return told(users);
    }

    static void take(ConsumerRecord<byte[], byte[]> record, Map<String, User> users, Set<String> positions) throws Exception {
        Map<String, String> headers = new HashMap<>();
        for (Header header : record.headers()) headers.put(header.key(), text(header.value()));
        String type = headers.get("ce_type"), key = text(record.key());
        JsonNode event = JSON.readTree(record.value());
        var wrong = SCHEMAS.get(type).validate(event);
        check(wrong.isEmpty(), "by its schema " + type + " " + event + " is wrong: " + wrong);
        check(key.equals(event.get("sdkAppID").asText() + ":" + event.get("userID").asText()), "key " + key + " of " + event);
        check(headers.get("ce_id").equals(event.get("eventID").asText()), "ce_id of " + event);
        check(headers.get("ce_revision").equals(event.get("revision").asText()), "ce_revision of " + event);
        check(headers.get("ce_time").equals(event.get("recordedAt").asText()), "ce_time of " + event);
        check(headers.get("ce_specversion").equals("1.0"), "ce_specversion of " + event);
        check(positions.add(headers.get("ce_position")), "position twice: " + headers.get("ce_position"));
        User user = users.computeIfAbsent(key, name -> new User());
        check(event.get("revision").asLong() == user.revision + 1, "behind " + user.revision + " came " + event);
        check(user.revision == 0 || user.partition == record.partition(), "another partition: " + event);
        user.revision++;
        user.partition = record.partition();
        long group = event.get("groupID").asLong();
        switch (type) {
            case "conversation-groups.group-created.v1" -> {
                user.names.put(group, event.get("groupName").asText());
                user.members.put(group, new LinkedHashSet<>());
            }
            case "conversation-groups.group-renamed.v1" -> user.names.put(group, event.get("groupName").asText());
            case "conversation-groups.group-deleted.v1" -> {
                check(new HashSet<>(ids(event)).equals(user.members.get(group)), "what was in it: " + event);
                user.names.remove(group);
                user.members.remove(group);
            }
            case "conversation-groups.conversations-added.v1" -> {
                for (String id : ids(event)) check(user.members.get(group).add(id), "was in it: " + event);
            }
            case "conversation-groups.conversations-removed.v1" -> {
                for (String id : ids(event)) check(user.members.get(group).remove(id), "was not in it: " + event);
            }
            case "conversation-groups.groups-reordered.v1" -> {
                Map<Long, String> before = new HashMap<>(user.names);
                user.names.clear();
                for (JsonNode one : event.get("order")) user.names.put(one.asLong(), before.get(one.asLong()));
                check(user.names.size() == before.size(), "order of all: " + event);
            }
            default -> throw new IllegalStateException("unknown type " + type);
        }
    }

    static Map<String, Object> newest(KafkaConsumer<byte[], byte[]> consumer, String topic) throws Exception {
        var partitions = all(consumer, topic);
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        var ends = consumer.endOffsets(partitions);
        Map<String, JsonNode> values = new HashMap<>();
        while (partitions.stream().anyMatch(one -> consumer.position(one) < ends.get(one)))
            for (var record : consumer.poll(Duration.ofMillis(100))) {
                String key = text(record.key());
                if (record.value() == null) values.remove(key);
                else {
                    JsonNode value = JSON.readTree(record.value());
                    String name = key.split(":", 3)[1].equals("0") ? "group-order.v1" : "group-state.v1";
                    var wrong = SCHEMAS.get(name).validate(value);
                    check(wrong.isEmpty(), "by its schema " + value + " is wrong: " + wrong);
                    values.put(key, value);
                }
            }
        Map<String, User> users = new HashMap<>();
        for (var entry : values.entrySet()) {
            String[] key = entry.getKey().split(":", 3);
            User user = users.computeIfAbsent(key[0] + ":" + key[2], name -> new User());
            user.revision = Math.max(user.revision, entry.getValue().get("revision").asLong());
            if (!key[1].equals("0")) {
                var members = new LinkedHashSet<>(ids(entry.getValue()));
                user.members.put(Long.parseLong(key[1]), members);
            } else
                for (JsonNode group : entry.getValue().get("groups"))
                    user.names.put(group.get("groupID").asLong(), group.get("groupName").asText());
        }
        for (User user : users.values()) check(user.names.keySet().equals(user.members.keySet()), "order and groups differ");
        return told(users);
    }

    static Map<String, Object> told(Map<String, User> users) {
        Map<String, Object> told = new TreeMap<>();
        users.forEach((key, user) -> {
            List<Object> groups = new ArrayList<>();
            user.names.forEach((id, name) -> groups.add(List.of(id, name, new ArrayList<>(user.members.get(id)))));
            told.put(key, List.of(user.revision, groups));
        });
        return told;
    }

    static List<String> ids(JsonNode value) {
        List<String> ids = new ArrayList<>();
        for (JsonNode id : value.get("conversationIDs")) ids.add(id.asText());
        return ids;
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) throw new IllegalStateException(otherwise);
    }
}
