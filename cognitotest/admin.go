package cognitotest

import (
	"slices"
	"strings"
)

// adminInput is the common input of an administrator's calls on a user.
type adminInput struct {
	UserPoolID string `json:"UserPoolId"`
	Username   string
}

// adminMetadataInput is adminInput with the metadata for triggers.
type adminMetadataInput struct {
	adminInput

	ClientMetadata map[string]string
}

// adminCall is the common start of all signed calls. It checks that the pool exists.
func (p *pool) adminCall(poolID string) error {
	if poolID != p.cfg.UserPoolID {
		return errNoPool(poolID)
	}
	return nil
}

// adminUser returns the user that a signed call refers to.
func (p *pool) adminUser(in adminInput) (*user, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return nil, err
	}
	u := p.find(in.Username)
	if u == nil {
		return nil, errUserNotFound
	}
	return u, nil
}

func (p *pool) adminConfirmSignUp(in *adminMetadataInput) (empty, error) {
	u, err := p.adminUser(in.adminInput)
	if err != nil {
		return empty{}, err
	}
	if u.status != statusUnconfirmed {
		return empty{}, errCannotConfirm(u)
	}
	if attr := p.conflict(u, u.attributes); attr != "" {
		return empty{}, errAliasExists(attr)
	}
	delete(u.codes, purposeSignUp)
	u.status, u.modified = statusConfirmed, p.now()
	return empty{}, p.postConfirmation("PostConfirmation_ConfirmSignUp", nil, u, in.ClientMetadata)
}

func (p *pool) adminDeleteUser(in *adminInput) (noBody, error) {
	u, err := p.adminUser(*in)
	if err != nil {
		return noBody{}, err
	}
	p.remove(u)
	return noBody{}, nil
}

func (p *pool) adminEnableUser(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in)
	if err != nil {
		return empty{}, err
	}
	u.disabled, u.modified = false, p.now()
	return empty{}, nil
}

func (p *pool) adminDisableUser(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in)
	if err != nil {
		return empty{}, err
	}
	u.disabled, u.modified = true, p.now()
	p.signOut(u)
	return empty{}, nil
}

func (p *pool) adminUserGlobalSignOut(in *adminInput) (empty, error) {
	u, err := p.adminUser(*in)
	if err != nil {
		return empty{}, err
	}
	p.signOut(u)
	return empty{}, nil
}

// Values of members of AdminCreateUser.
const (
	actionResend   = "RESEND"
	actionSuppress = "SUPPRESS"
	mediumSMS      = "SMS"
	mediumEmail    = "EMAIL"
)

type adminCreateUserInput struct {
	adminMetadataInput

	UserAttributes         []attribute
	ValidationData         []attribute
	TemporaryPassword      string
	ForceAliasCreation     bool
	MessageAction          string
	DesiredDeliveryMediums []string
}

type adminCreateUserOutput struct{ User listedUser }

func (p *pool) adminCreateUser(in *adminCreateUserInput) (adminCreateUserOutput, error) {
	var out adminCreateUserOutput
	if err := p.adminCall(in.UserPoolID); err != nil {
		return out, err
	}
	password := in.TemporaryPassword
	if password == "" {
		password = p.cfg.PasswordPolicy.newTemporaryPassword()
	}
	if err := p.cfg.PasswordPolicy.check(password); err != nil {
		return out, err
	}
	invite := p.createInvited
	if in.MessageAction == actionResend {
		invite = p.inviteAgain
	}
	u, err := invite(in)
	if err != nil {
		return out, err
	}
	if in.TemporaryPassword == "" && p.passwordless() && (u.usable(attrEmail) || u.usable(attrPhone)) {
		u.status = statusConfirmed // with a code to that address instead of a password
		return adminCreateUserOutput{p.listed(u, nil)}, nil
	}
	p.setTemporaryPassword(u, password)
	if in.MessageAction != actionSuppress {
		err = p.deliverInvitation(u, password, in)
	}
	return adminCreateUserOutput{p.listed(u, nil)}, err
}

// createInvited adds the user of an AdminCreateUser, without a password.
func (p *pool) createInvited(in *adminCreateUserInput) (*user, error) {
	attributes, err := p.checkAdminAttributes(in.UserAttributes)
	if err != nil {
		return nil, err
	}
	if err := p.checkUsername(in.Username, attributes); err != nil {
		return nil, err
	}
	if err := p.checkInvitable(in, attributes); err != nil {
		return nil, err
	}
	// Here the service ignores what the trigger answers, and AutoConfirmUser and the like do
	// nothing.
	_, err = p.preSignUp("PreSignUp_AdminCreateUser", nil,
		in.Username, in.UserAttributes, in.ValidationData, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	if err := p.checkInvitable(in, attributes); err != nil { // the trigger may have added the user
		return nil, err
	}
	u := p.newUser(in.Username, "", "", attributes)
	p.takeAliases(u, attributes)
	return u, nil
}

// checkInvitable rejects a user who already exists, or whose alias belongs to another user.
func (p *pool) checkInvitable(in *adminCreateUserInput, attributes map[string]string) error {
	if p.find(in.Username) != nil {
		if attr := p.usernameAttribute(in.Username); attr != "" {
			return errGivenExists(attr)
		}
		return errAccountExists
	}
	if attr := p.conflict(nil, attributes); attr != "" && !p.mayTake(in.ForceAliasCreation) {
		return exception(errUsernameExists.kind, "An account with the "+attr+" already exists.")
	}
	return nil
}

// inviteAgain returns the user of an AdminCreateUser that repeats an invitation.
func (p *pool) inviteAgain(in *adminCreateUserInput) (*user, error) {
	u := p.find(in.Username)
	switch {
	case u == nil:
		return nil, errUserNotFound
	case u.status != statusForceChange:
		return nil, exception("UnsupportedUserStateException",
			"Resend not possible. "+u.username+" status is not FORCE_CHANGE_PASSWORD")
	default:
		return u, nil
	}
}

// deliverInvitation sends a temporary password through the requested media, to the addresses that
// the user has. The default is SMS alone.
func (p *pool) deliverInvitation(u *user, password string, in *adminCreateUserInput) error {
	media := in.DesiredDeliveryMediums
	if len(media) == 0 {
		media = []string{mediumSMS}
	}
	why := occasion{purposeInvitation, "AdminCreateUser", nil, in.ClientMetadata}
	for _, to := range []struct{ medium, attr string }{{mediumSMS, attrPhone}, {mediumEmail, attrEmail}} {
		if !slices.Contains(media, to.medium) || u.attributes[to.attr] == "" {
			continue
		}
		if _, err := p.deliver(u, why, to.attr, u.attributes[to.attr], password); err != nil {
			return err
		}
	}
	return nil
}

// listedUser is a user on the wire, as in lists and in the response of AdminCreateUser.
type listedUser struct {
	Username             string
	Attributes           []attribute
	UserCreateDate       float64
	UserLastModifiedDate float64
	Enabled              bool
	UserStatus           string
}

// listed returns a user on the wire with some attributes, or with all if they are nil.
func (p *pool) listed(u *user, names []string) listedUser {
	attributes := u.readable(nil)
	if names != nil {
		attributes = slices.DeleteFunc(attributes, func(a attribute) bool { return !slices.Contains(names, a.Name) })
	}
	return listedUser{
		Username: u.username, Attributes: attributes, Enabled: !u.disabled, UserStatus: u.status,
		UserCreateDate: epoch(u.created), UserLastModifiedDate: epoch(u.modified),
	}
}

func (p *pool) listedUsers(users []*user, names []string) []listedUser {
	list := make([]listedUser, len(users))
	for i, u := range users {
		list[i] = p.listed(u, names)
	}
	return list
}

type listUsersInput struct {
	UserPoolID      string `json:"UserPoolId"`
	AttributesToGet []string
	Limit           *int
	PaginationToken *string
	Filter          string
}

type listUsersOutput struct {
	Users           []listedUser
	PaginationToken string `json:",omitempty"`
}

func (p *pool) listUsers(in *listUsersInput) (listUsersOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return listUsersOutput{}, err
	}
	matches, err := p.parseFilter(in.Filter)
	if err != nil {
		return listUsersOutput{}, err
	}
	if slices.ContainsFunc(in.AttributesToGet, func(name string) bool { return !p.inSchema(name) }) {
		return listUsersOutput{}, errNoAttributes
	}
	pg := newPage(in.Limit, in.PaginationToken, "ListUsers", in.Filter, strings.Join(in.AttributesToGet, ","))
	if in.Filter != "" {
		pg.scan = maxScan
	}
	users, next, err := cut(p, pg, p.users, func(u *user) int64 { return u.serial }, matches)
	if err != nil {
		return listUsersOutput{}, err
	}
	return listUsersOutput{Users: p.listedUsers(users, in.AttributesToGet), PaginationToken: next}, nil
}

const (
	filterUsername = "username"
	filterStatus   = "cognito:user_status"
	filterEnabled  = "status"
)

// searchable are the attributes that ListUsers can filter by.
var searchable = []string{
	filterUsername, attrEmail, attrPhone, "name", "given_name", "family_name",
	attrPreferred, filterStatus, filterEnabled, attrSub,
}

// filter is the clause of a filter of ListUsers.
type filter struct {
	attribute string
	prefix    bool // ^= in place of =
	value     string
}

// parseFilter parses a filter of ListUsers: an attribute, = or ^=, and a value in double quotes, in
// which \" is a double quote and \\ a backslash. An empty filter matches all users.
func (p *pool) parseFilter(text string) (func(*user) bool, error) {
	if strings.TrimSpace(text) == "" {
		return func(*user) bool { return true }, nil
	}
	f, err := splitFilter(text)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(searchable, f.attribute) {
		return nil, invalidParameter("Invalid search attribute: " + f.attribute)
	}
	return func(u *user) bool { return p.matches(f, u) }, nil
}

// splitFilter splits a filter into its parts.
func splitFilter(text string) (filter, error) {
	name, rest, ok := strings.Cut(text, "=")
	if !ok {
		return filter{}, errFilter
	}
	name, prefix := strings.CutSuffix(name, "^")
	name = strings.TrimSpace(name)
	value, ok := unquote(strings.TrimSpace(rest))
	if !ok || name == "" || strings.ContainsAny(name, " \t\r\n\"^\\") {
		return filter{}, errFilter
	}
	return filter{attribute: name, prefix: prefix, value: value}, nil
}

// unquote returns the value in double quotes if it is all of quoted.
func unquote(quoted string) (string, bool) {
	inner, ok := strings.CutPrefix(quoted, `"`)
	if !ok {
		return "", false
	}
	var value strings.Builder
	for i := 0; i < len(inner); i++ {
		switch {
		case inner[i] == '"':
			return value.String(), i == len(inner)-1
		case inner[i] == '\\' && i+1 < len(inner) && (inner[i+1] == '"' || inner[i+1] == '\\'):
			i++
		}
		value.WriteByte(inner[i])
	}
	return "", false // the closing quote is missing
}

// matches reports whether a user matches the filter. Names and the status Enabled are compared
// exactly, the user status without regard to case, and addresses as the pool compares them.
func (p *pool) matches(f filter, u *user) bool {
	have, want := u.attributes[f.attribute], f.value
	switch f.attribute {
	case filterUsername:
		have = u.username
	case attrSub:
		have = u.sub
	case filterStatus:
		have, want = u.status, strings.ToUpper(want)
	case filterEnabled:
		have = "Enabled"
		if u.disabled {
			have = "Disabled"
		}
	case attrEmail, attrPreferred:
		have, want = p.fold(have), p.fold(want)
	}
	if f.prefix {
		return strings.HasPrefix(have, want)
	}
	return have == want
}
