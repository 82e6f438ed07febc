import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.doocs.im.ClientConfiguration;
import io.github.doocs.im.ImClient;
import io.github.doocs.im.core.RecentContact;
import io.github.doocs.im.model.request.ContactItem;
import io.github.doocs.im.model.request.CreateContactGroupRequest;
import io.github.doocs.im.model.request.DelContactGroupRequest;
import io.github.doocs.im.model.request.GetContactGroupRequest;
import io.github.doocs.im.model.request.GroupContactItem;
import io.github.doocs.im.model.request.GroupContactUpdateItem;
import io.github.doocs.im.model.request.MarkContactItem;
import io.github.doocs.im.model.request.MarkContactRequest;
import io.github.doocs.im.model.request.SearchContactGroupRequest;
import io.github.doocs.im.model.request.UpdateContactGroupRequest;
import io.github.doocs.im.model.request.UpdateGroup;
import io.github.doocs.im.model.response.GetContactGroupResult;
import java.util.ArrayList;
import java.util.List;

/** Makes every call once as an application would, and prints what the library understood, one line a call. */
public class Calls {
    static final ObjectMapper JSON = new ObjectMapper().setSerializationInclusion(JsonInclude.Include.NON_NULL);

    public static void main(String[] given) throws Exception {
        String domain = given[0], admin = given[2], key = given[3], user = given[4];
        long app = Long.parseLong(given[1]);
        ClientConfiguration once = ClientConfiguration.builder().maxRetries(0).build();
        RecentContact calls = new ImClient(app, admin, key, domain, once).recentContact;
        ContactItem bob = c2c("张三"), chat = groupChat("@TGS#1");

        print("create", calls.createContactGroup(create(user, "供应商", List.of(bob, chat, c2c("")))));
        print("nothing", calls.createContactGroup(create(user, "x", List.of(c2c("")))));
        print("rename", calls.updateContactGroup(new UpdateContactGroupRequest(user, 1, UpdateGroup.builder()
                .updateGroupType(1).oldGroupName("供应商").newGroupName("客户").build())));
        print("update", calls.updateContactGroup(new UpdateContactGroupRequest(user, 1, UpdateGroup.builder()
                .updateGroupType(2).oldGroupName("客户").contactUpdateItem(
                        List.of(change(1, c2c("李四")), change(2, chat))).build())));
        print("search", calls.searchContactGroup(new SearchContactGroupRequest(user, List.of(bob, chat))));
        print("mark", calls.markContact(new MarkContactRequest(user, List.of(MarkContactItem.builder()
                .optType(1).contactItem(bob).setMark(List.of(0)).build()))));
        print("missing", calls.delContactGroup(new DelContactGroupRequest(user, List.of("none"))));
        print("forged", new ImClient(app, admin, "wrong", domain, once).recentContact
                .delContactGroup(new DelContactGroupRequest(user, List.of("客户"))));
        for (int n = 0; n < 3; n++) {
            List<ContactItem> many = new ArrayList<>();
            for (int m = 0; m < 100; m++) {
                many.add(c2c(n + "-" + m));
            }
            calls.createContactGroup(create(user, "many", many));
        }
        int start = 0;
        GetContactGroupResult page;
        do {
            page = calls.getContactGroup(new GetContactGroupRequest(user, start));
            print("page", page);
            start = page.getNextStartIndex();
        } while (page.getCompleteFlag() == 0);
        print("delete", calls.delContactGroup(new DelContactGroupRequest(user, List.of("客户"))));
        System.exit(0); // the library keeps threads for its connections
    }

    static CreateContactGroupRequest create(String user, String name, List<ContactItem> contacts) {
        return new CreateContactGroupRequest(user, List.of(new GroupContactItem(name, contacts)));
    }

    static GroupContactUpdateItem change(int kind, ContactItem contact) {
        return GroupContactUpdateItem.builder().contactOptType(kind).contactItem(contact).build();
    }

    static ContactItem c2c(String user) {
        return ContactItem.builder().type(1).toAccount(user).build();
    }

    static ContactItem groupChat(String group) {
        return ContactItem.builder().type(2).toGroupId(group).build();
    }

    static void print(String call, Object result) throws Exception {
        System.out.println(call + " " + JSON.writeValueAsString(result));
    }
}
