package cognitotest

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// poolSettings are the settings of a pool on the wire that UpdateUserPool replaces. A missing
// setting is the default. Settings of a map type are stored and described, but have no effect.
type poolSettings struct {
	PoolName                    string                   `json:",omitempty"`
	Policies                    *poolPolicies            `json:",omitempty"`
	DeletionProtection          string                   `json:",omitempty"`
	LambdaConfig                *lambdaConfig            `json:",omitempty"`
	AutoVerifiedAttributes      []string                 `json:",omitempty"`
	SmsVerificationMessage      string                   `json:",omitempty"`
	EmailVerificationMessage    string                   `json:",omitempty"`
	EmailVerificationSubject    string                   `json:",omitempty"`
	VerificationMessageTemplate map[string]any           `json:",omitempty"`
	SmsAuthenticationMessage    string                   `json:",omitempty"`
	MfaConfiguration            string                   `json:",omitempty"`
	UserAttributeUpdateSettings *attributeUpdateSettings `json:",omitempty"`
	DeviceConfiguration         *DeviceConfiguration     `json:",omitempty"`
	EmailConfiguration          map[string]any           `json:",omitempty"`
	SmsConfiguration            map[string]any           `json:",omitempty"`
	UserPoolTags                map[string]string        `json:",omitempty"`
	AdminCreateUserConfig       *adminCreateUserSettings `json:",omitempty"`
	UserPoolAddOns              map[string]any           `json:",omitempty"`
	AccountRecoverySetting      *recoverySetting         `json:",omitempty"`
	UserPoolTier                string                   `json:",omitempty"`
	KeyConfiguration            map[string]any           `json:",omitempty"`
	IssuerConfiguration         map[string]any           `json:",omitempty"`
}

// poolShape holds the settings that CreateUserPool fixes for the life of a pool.
type poolShape struct {
	AliasAttributes       []string               `json:",omitempty"`
	UsernameAttributes    []string               `json:",omitempty"`
	UsernameConfiguration *usernameConfiguration `json:",omitempty"`
}

type usernameConfiguration struct{ CaseSensitive *bool }

// insensitive reports whether the case of names does not count.
func (s *poolShape) insensitive() bool {
	c := s.UsernameConfiguration
	return c != nil && c.CaseSensitive != nil && !*c.CaseSensitive
}

type passwordPolicy struct {
	MinimumLength                                                      int
	RequireUppercase, RequireLowercase, RequireNumbers, RequireSymbols bool
	PasswordHistorySize                                                int `json:",omitempty"`
	TemporaryPasswordValidityDays                                      int
}

type poolPolicies struct {
	PasswordPolicy *passwordPolicy
	SignInPolicy   *signInPolicy `json:",omitempty"`
}

type signInPolicy struct{ AllowedFirstAuthFactors []string }

type attributeUpdateSettings struct {
	AttributesRequireVerificationBeforeUpdate []string
}

type adminCreateUserSettings struct {
	AllowAdminCreateUserOnly  bool
	UnusedAccountValidityDays int            `json:",omitempty"`
	InviteMessageTemplate     map[string]any `json:",omitempty"`
}

type recoverySetting struct{ RecoveryMechanisms []recoveryMechanism }

type recoveryMechanism struct {
	Priority int
	Name     string
}

const (
	protectionActive   = "ACTIVE"
	protectionInactive = "INACTIVE"
	recoverByEmail     = "verified_email"
	recoverByPhone     = "verified_phone_number"
	recoverByAdmin     = "admin_only"

	defaultTemporaryDays = 7 // that a temporary password can be used
	maxPoolTags          = 50
)

// form checks what the model does not say about the settings.
func (s *poolSettings) form(v *validation) {
	if s.LambdaConfig != nil {
		s.LambdaConfig.form(v)
	}
	if len(s.UserPoolTags) > maxPoolTags {
		v.fail("userPoolTags", "Member must have length less than or equal to 50")
	}
}

// withDefaults returns the settings with the defaults that the service shows.
func (s poolSettings) withDefaults() poolSettings {
	policies := poolPolicies{}
	if s.Policies != nil {
		policies = *s.Policies
	}
	if policies.PasswordPolicy == nil {
		policies.PasswordPolicy = &passwordPolicy{
			MinimumLength: defaultPolicy.MinimumLength, RequireUppercase: true,
			RequireLowercase: true, RequireNumbers: true, RequireSymbols: true,
		}
	} else {
		copied := *policies.PasswordPolicy
		policies.PasswordPolicy = &copied
	}
	if policies.PasswordPolicy.MinimumLength == 0 {
		policies.PasswordPolicy.MinimumLength = defaultPolicy.MinimumLength
	}
	if policies.PasswordPolicy.TemporaryPasswordValidityDays == 0 {
		policies.PasswordPolicy.TemporaryPasswordValidityDays = defaultTemporaryDays
		if s.AdminCreateUserConfig != nil && s.AdminCreateUserConfig.UnusedAccountValidityDays != 0 {
			policies.PasswordPolicy.TemporaryPasswordValidityDays = s.AdminCreateUserConfig.UnusedAccountValidityDays
		}
	}
	if policies.SignInPolicy == nil || len(policies.SignInPolicy.AllowedFirstAuthFactors) == 0 {
		policies.SignInPolicy = &signInPolicy{[]string{challengePassword}}
	}
	s.Policies = &policies
	s.DeletionProtection = cmp.Or(s.DeletionProtection, protectionInactive)
	s.MfaConfiguration = cmp.Or(s.MfaConfiguration, mfaOff)
	s.UserPoolTier = cmp.Or(s.UserPoolTier, tierEssentials)
	if s.AdminCreateUserConfig == nil {
		s.AdminCreateUserConfig = &adminCreateUserSettings{}
	}
	admin := *s.AdminCreateUserConfig
	admin.UnusedAccountValidityDays = policies.PasswordPolicy.TemporaryPasswordValidityDays
	s.AdminCreateUserConfig = &admin
	if s.LambdaConfig == nil {
		s.LambdaConfig = &lambdaConfig{}
	}
	if s.UserAttributeUpdateSettings == nil ||
		s.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate == nil {
		s.UserAttributeUpdateSettings = &attributeUpdateSettings{[]string{}}
	}
	return s
}

// check checks the rules that form does not. factors are the second factors that are set up.
func (s *poolSettings) check(factors *mfaFactors) error {
	for _, name := range s.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate {
		if !slices.Contains(s.AutoVerifiedAttributes, name) {
			return errUpdateSettings
		}
	}
	history, first := s.Policies.PasswordPolicy.PasswordHistorySize, s.Policies.SignInPolicy.AllowedFirstAuthFactors
	mode, _ := s.UserPoolAddOns["AdvancedSecurityMode"].(string)
	switch {
	case s.MfaConfiguration != mfaOff && !factors.any():
		return errMFASettings
	case s.UserPoolTier == tierLite &&
		(history > 0 || !slices.Equal(first, []string{challengePassword}) || factors.EmailMfaConfiguration != nil),
		s.UserPoolTier != tierPlus && mode != "" && mode != "OFF",
		s.UserPoolTier == tierLite && s.LambdaConfig.version() > 1:
		return errTier
	case !slices.Contains(first, challengePassword):
		return errSignInPolicy
	case s.recovers(recoverByAdmin) && len(s.AccountRecoverySetting.RecoveryMechanisms) > 1:
		return errRecoveryMix
	default:
		return nil
	}
}

// apply sets the settings in a Config. The settings must have their defaults.
func (s *poolSettings) apply(cfg *Config) {
	policy := s.Policies.PasswordPolicy
	cfg.PasswordPolicy = &PasswordPolicy{
		MinimumLength: policy.MinimumLength, RequireUppercase: policy.RequireUppercase,
		RequireLowercase: policy.RequireLowercase,
		RequireNumbers:   policy.RequireNumbers, RequireSymbols: policy.RequireSymbols,
	}
	cfg.PasswordHistorySize = policy.PasswordHistorySize
	cfg.TemporaryPasswordValidity = time.Duration(policy.TemporaryPasswordValidityDays) * 24 * time.Hour
	cfg.FirstFactors = s.Policies.SignInPolicy.AllowedFirstAuthFactors
	cfg.AutoVerifiedAttributes = slices.Concat([]string{}, s.AutoVerifiedAttributes)
	cfg.AttributesRequireVerificationBeforeUpdate = s.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate
	cfg.SelfSignUpDisabled = s.AdminCreateUserConfig.AllowAdminCreateUserOnly
	cfg.MFA, cfg.Devices, cfg.Tier = s.MfaConfiguration, s.DeviceConfiguration, s.UserPoolTier
}

// settingsOfPool returns the settings of a Config on the wire, with their defaults.
func settingsOfPool(cfg *Config) (poolSettings, mfaFactors) {
	policy := cfg.PasswordPolicy
	s := poolSettings{
		PoolName: cfg.UserPoolID,
		Policies: &poolPolicies{&passwordPolicy{
			MinimumLength: policy.MinimumLength, RequireUppercase: policy.RequireUppercase,
			RequireLowercase: policy.RequireLowercase,
			RequireNumbers:   policy.RequireNumbers, RequireSymbols: policy.RequireSymbols,
			PasswordHistorySize:           cfg.PasswordHistorySize,
			TemporaryPasswordValidityDays: int(cfg.TemporaryPasswordValidity / (24 * time.Hour)),
		}, &signInPolicy{cfg.FirstFactors}},
		LambdaConfig: lambdasOf(cfg), AutoVerifiedAttributes: cfg.AutoVerifiedAttributes, MfaConfiguration: cfg.MFA,
		UserAttributeUpdateSettings: &attributeUpdateSettings{
			slices.Concat([]string{}, cfg.AttributesRequireVerificationBeforeUpdate),
		},
		DeviceConfiguration:   cfg.Devices,
		AdminCreateUserConfig: &adminCreateUserSettings{AllowAdminCreateUserOnly: cfg.SelfSignUpDisabled},
		UserPoolTier:          cfg.Tier,
	}
	s.AccountRecoverySetting = &recoverySetting{[]recoveryMechanism{{1, recoverByPhone}, {2, recoverByEmail}}}
	factors := mfaFactors{}
	for _, factor := range cfg.MFAFactors {
		switch factor {
		case challengeSMS:
			s.SmsConfiguration = map[string]any{
				"SnsCallerArn": "arn:aws:iam::" + account + ":role/cognitotest", "ExternalId": "cognitotest",
			}
			factors.SmsMfaConfiguration = map[string]any{"SmsConfiguration": s.SmsConfiguration}
		case challengeTOTP:
			factors.SoftwareTokenMfaConfiguration = &struct{ Enabled bool }{true}
		case challengeEmail:
			factors.EmailMfaConfiguration = map[string]any{}
		}
	}
	if w := cfg.WebAuthn; w.RelyingPartyID != "" {
		factors.WebAuthnConfiguration = &webAuthnSettings{
			RelyingPartyID: w.RelyingPartyID, UserVerification: cmp.Or(w.UserVerification, uvPreferred),
		}
		if w.MultiFactor {
			factors.WebAuthnConfiguration.FactorConfiguration = passkeysAsBoth
		}
	}
	return s.withDefaults(), factors
}

// recovers reports whether the settings include a way to recover an account.
func (s *poolSettings) recovers(by string) bool {
	return s.AccountRecoverySetting != nil &&
		slices.ContainsFunc(s.AccountRecoverySetting.RecoveryMechanisms, func(m recoveryMechanism) bool {
			return m.Name == by
		})
}

// recoveryAttributes returns the attributes that a code for a new password is sent to, in order of
// preference. There are none if only administrators recover accounts.
func (p *pool) recoveryAttributes() []string {
	setting := p.settings.AccountRecoverySetting
	if setting == nil || len(setting.RecoveryMechanisms) == 0 {
		return []string{attrPhone, attrEmail}
	}
	mechanisms := slices.SortedStableFunc(slices.Values(setting.RecoveryMechanisms), func(a, b recoveryMechanism) int {
		return cmp.Compare(a.Priority, b.Priority)
	})
	var attributes []string
	for _, m := range mechanisms {
		switch m.Name {
		case recoverByPhone:
			attributes = append(attributes, attrPhone)
		case recoverByEmail:
			attributes = append(attributes, attrEmail)
		}
	}
	return attributes
}

// describedPool is a pool on the wire.
type describedPool struct {
	ID   string `json:"Id"`
	Name string
	Arn  string
	poolSettings
	poolShape

	SchemaAttributes       []schemaAttribute
	Domain                 string `json:",omitempty"`
	CustomDomain           string `json:",omitempty"`
	EstimatedNumberOfUsers int
	CreationDate           float64
	LastModifiedDate       float64
}

type poolOutput struct{ UserPool describedPool }

func (p *pool) described() poolOutput {
	d := describedPool{
		ID: p.cfg.UserPoolID, Name: p.settings.PoolName, Arn: p.arn(), poolSettings: p.settings, poolShape: p.shape,
		SchemaAttributes: p.schema(), EstimatedNumberOfUsers: len(p.users),
		CreationDate: epoch(p.created), LastModifiedDate: epoch(p.modified),
	}
	d.PoolName = ""
	for _, domain := range p.domains {
		if domain.CustomDomainConfig != nil {
			d.CustomDomain = domain.Domain
		} else {
			d.Domain = domain.Domain
		}
	}
	return poolOutput{d}
}

type poolInput struct {
	UserPoolID string `json:"UserPoolId"`
}

func (p *pool) describeUserPool(in *poolInput) (poolOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return poolOutput{}, err
	}
	return p.described(), nil
}

// account is an AWS account that nobody owns.
const account = "123456789012"

// arn returns the pool's ARN.
func (p *pool) arn() string {
	region, _ := splitPoolID(p.cfg.UserPoolID)
	return "arn:aws:cognito-idp:" + region + ":" + account + ":userpool/" + p.cfg.UserPoolID
}

type createPoolInput struct {
	poolSettings
	poolShape

	Schema []schemaAttribute
}

var regionPattern = regexp.MustCompile(`^[\w-]{5,32}$`)

// createUserPool adds a pool. Its ID begins with the region that the request was signed for.
func (s *service) createUserPool(in *createPoolInput) (poolOutput, error) {
	v := &validation{}
	in.form(v)
	for i, a := range in.Schema {
		a.form(v, fmt.Sprintf("schema.%d.member", i+1))
	}
	if err := v.err(); err != nil {
		return poolOutput{}, err
	}
	if len(in.UsernameAttributes) > 0 && len(in.AliasAttributes) > 0 {
		return poolOutput{}, errNameAttributes
	}
	settings, factors := in.withDefaults(), mfaFactors{}
	factors.takeSMS(&settings)
	if err := settings.check(&factors); err != nil {
		return poolOutput{}, err
	}
	region := s.region
	if !regionPattern.MatchString(region) {
		region, _ = splitPoolID(s.first)
	}
	cfg := Config{
		UserPoolID:      region + "_" + rand.Text()[:9],
		AliasAttributes: in.AliasAttributes, UsernameAttributes: in.UsernameAttributes,
		CaseInsensitive:  in.insensitive(),
		CustomAttributes: []CustomAttribute{},
		Triggers:         s.triggers,
	}
	cfg.Issuer = s.issuer + cfg.UserPoolID
	settings.apply(&cfg)
	factors.apply(&cfg)
	p := newPool(s, cfg)
	p.settings, p.shape, p.factors = settings, in.poolShape, factors
	if err := p.addSchema(in.Schema, true); err != nil {
		return poolOutput{}, err
	}
	s.pools = append(s.pools, p)
	return p.described(), nil
}

type updatePoolInput struct {
	poolInput
	poolSettings
}

// updateUserPool replaces a pool's settings. Omitted settings return to their defaults, except the
// name and the tags, which have none.
func (p *pool) updateUserPool(in *updatePoolInput) (empty, error) {
	v := &validation{}
	in.form(v)
	if err := v.err(); err != nil {
		return empty{}, err
	}
	if err := p.adminCall(in.UserPoolID); err != nil {
		return empty{}, err
	}
	settings, factors := in.withDefaults(), p.factors
	settings.PoolName = cmp.Or(settings.PoolName, p.settings.PoolName)
	if settings.UserPoolTags == nil {
		settings.UserPoolTags = p.settings.UserPoolTags
	}
	factors.takeSMS(&settings)
	if err := settings.check(&factors); err != nil {
		return empty{}, err
	}
	p.settings, p.factors, p.modified = settings, factors, p.now()
	settings.apply(&p.cfg)
	factors.apply(&p.cfg)
	return empty{}, nil
}

// deleteUserPool deletes a pool with everything in it. The methods of Server still refer to the
// configured pool.
func (p *pool) deleteUserPool(in *poolInput) (noBody, error) {
	switch err := p.adminCall(in.UserPoolID); {
	case err != nil:
		return noBody{}, err
	case p.settings.DeletionProtection == protectionActive:
		return noBody{}, errDeletionProtection
	case len(p.domains) > 0:
		return noBody{}, errPoolHasDomain
	}
	p.service.pools = slices.DeleteFunc(p.service.pools, func(other *pool) bool { return other == p })
	return noBody{}, nil
}

type listPoolsInput struct {
	nextResults
}

type listedPool struct {
	ID               string `json:"Id"`
	Name             string
	LambdaConfig     *lambdaConfig
	LastModifiedDate float64
	CreationDate     float64
}

type listPoolsOutput struct {
	UserPools []listedPool
	NextToken string `json:",omitempty"`
}

func (s *service) listUserPools(in *listPoolsInput) (listPoolsOutput, error) {
	out := listPoolsOutput{UserPools: []listedPool{}}
	pools, next, err := cut(s, in.page("ListUserPools"), s.pools,
		func(p *pool) int64 { return p.serial }, func(*pool) bool { return true })
	out.NextToken = next
	for _, p := range pools {
		out.UserPools = append(out.UserPools, listedPool{
			p.cfg.UserPoolID, p.settings.PoolName, p.settings.LambdaConfig, epoch(p.modified), epoch(p.created),
		})
	}
	return out, err
}

// mfaFactors are the factors of a pool on the wire that are set up. Message texts have no effect.
type mfaFactors struct {
	SmsMfaConfiguration           map[string]any          `json:",omitzero"`
	SoftwareTokenMfaConfiguration *struct{ Enabled bool } `json:",omitempty"`
	EmailMfaConfiguration         map[string]any          `json:",omitzero"`
	WebAuthnConfiguration         *webAuthnSettings       `json:",omitempty"`
}

type webAuthnSettings struct {
	RelyingPartyID      string `json:"RelyingPartyId,omitempty"`
	UserVerification    string `json:",omitempty"`
	FactorConfiguration string `json:",omitempty"`
}

const (
	passkeysAsOne  = "SINGLE_FACTOR"
	passkeysAsBoth = "MULTI_FACTOR_WITH_USER_VERIFICATION" //nolint:gosec // the name of a setting
)

// any reports whether there is a second factor. As in the service, a disabled one counts.
func (m *mfaFactors) any() bool {
	return m.SmsMfaConfiguration != nil || m.SoftwareTokenMfaConfiguration != nil || m.EmailMfaConfiguration != nil
}

// takeSMS adds SMS as a factor if messages are set up and MFA is on.
func (m *mfaFactors) takeSMS(s *poolSettings) {
	if s.SmsConfiguration == nil || s.MfaConfiguration == mfaOff {
		return
	}
	m.SmsMfaConfiguration = map[string]any{"SmsConfiguration": s.SmsConfiguration}
	if s.SmsAuthenticationMessage != "" {
		m.SmsMfaConfiguration["SmsAuthenticationMessage"] = s.SmsAuthenticationMessage
	}
}

// apply sets the factors in a Config.
func (m *mfaFactors) apply(cfg *Config) {
	cfg.MFAFactors = []string{}
	if m.SmsMfaConfiguration != nil {
		cfg.MFAFactors = append(cfg.MFAFactors, challengeSMS)
	}
	if m.SoftwareTokenMfaConfiguration != nil && m.SoftwareTokenMfaConfiguration.Enabled {
		cfg.MFAFactors = append(cfg.MFAFactors, challengeTOTP)
	}
	if m.EmailMfaConfiguration != nil {
		cfg.MFAFactors = append(cfg.MFAFactors, challengeEmail)
	}
	w := WebAuthn{Origins: cfg.WebAuthn.Origins}
	if set := m.WebAuthnConfiguration; set != nil {
		w.RelyingPartyID, w.UserVerification = set.RelyingPartyID, set.UserVerification
		w.MultiFactor = set.FactorConfiguration == passkeysAsBoth
	}
	cfg.WebAuthn = w
}

type mfaConfigInput struct {
	UserPoolID string `json:"UserPoolId"`
	mfaFactors

	MfaConfiguration string
}

type mfaConfigOutput struct {
	mfaFactors

	MfaConfiguration string
}

// mfaConfig returns the response of GetUserPoolMfaConfig and SetUserPoolMfaConfig. If MFA is off,
// it has no second factor.
func (p *pool) mfaConfig() mfaConfigOutput {
	out := mfaConfigOutput{p.factors, p.settings.MfaConfiguration}
	if out.MfaConfiguration == mfaOff {
		out.mfaFactors = mfaFactors{WebAuthnConfiguration: p.factors.WebAuthnConfiguration}
	}
	return out
}

func (p *pool) getUserPoolMfaConfig(in *poolInput) (mfaConfigOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return mfaConfigOutput{}, err
	}
	return p.mfaConfig(), nil
}

// setUserPoolMfaConfig replaces a pool's factors. If MFA is omitted, it is off, and no factor may
// be present. A factor counts as present whatever it contains.
func (p *pool) setUserPoolMfaConfig(in *mfaConfigInput) (mfaConfigOutput, error) {
	if err := p.adminCall(in.UserPoolID); err != nil {
		return mfaConfigOutput{}, err
	}
	mode := cmp.Or(in.MfaConfiguration, mfaOff)
	switch {
	case mode == mfaOff && in.any():
		return mfaConfigOutput{}, errMFAOff
	case mode != mfaOff && !in.any():
		return mfaConfigOutput{}, errMFANone
	case p.settings.UserPoolTier == tierLite && in.EmailMfaConfiguration != nil:
		return mfaConfigOutput{}, errTier
	}
	if sms, ok := in.SmsMfaConfiguration["SmsConfiguration"].(map[string]any); ok {
		p.settings.SmsConfiguration = sms
	}
	p.settings.MfaConfiguration, p.factors, p.modified = mode, in.mfaFactors, p.now()
	p.cfg.MFA = mode
	p.factors.apply(&p.cfg)
	return p.mfaConfig(), nil
}

// schemaAttribute is an attribute of a pool on the wire.
type schemaAttribute struct {
	Name                       string
	AttributeDataType          string
	DeveloperOnlyAttribute     bool
	Mutable                    *bool
	Required                   bool
	StringAttributeConstraints *stringConstraints `json:",omitempty"`
	NumberAttributeConstraints *numberConstraints `json:",omitempty"`
}

type stringConstraints struct {
	MinLength string `json:",omitempty"`
	MaxLength string `json:",omitempty"`
}

type numberConstraints struct {
	MinValue string `json:",omitempty"`
	MaxValue string `json:",omitempty"`
}

// form checks what the model does not say about an attribute.
func (a *schemaAttribute) form(v *validation, member string) {
	v.present(member+".name", a.Name != "")
	if c := a.StringAttributeConstraints; c != nil {
		wholeNumber(v, member+".stringAttributeConstraints.minLength", c.MinLength)
		wholeNumber(v, member+".stringAttributeConstraints.maxLength", c.MaxLength)
	}
	if c := a.NumberAttributeConstraints; c != nil {
		wholeNumber(v, member+".numberAttributeConstraints.minValue", c.MinValue)
		wholeNumber(v, member+".numberAttributeConstraints.maxValue", c.MaxValue)
	}
}

func wholeNumber(v *validation, member, text string) {
	if _, err := strconv.ParseInt(text, 10, 64); text != "" && err != nil {
		v.fail(member, "Member must be a whole number") // the service's text is not known
	}
}

// standardConstraints are the bounds of standard attributes that differ from 0 to 2048 characters.
var standardConstraints = map[string]stringConstraints{attrSub: {"1", "2048"}, "birthdate": {"10", "10"}}

// schema returns the pool's attributes. If the pool accepts every custom attribute, these are not
// among them.
func (p *pool) schema() []schemaAttribute {
	standard := func(name, kind string, mutable, required bool) schemaAttribute {
		a := schemaAttribute{Name: name, AttributeDataType: kind, Mutable: &mutable, Required: required}
		switch kind {
		case typeString:
			bounds, ok := standardConstraints[name]
			if !ok {
				bounds = stringConstraints{"0", strconv.Itoa(maxValue)}
			}
			a.StringAttributeConstraints = &bounds
		case typeNumber:
			a.NumberAttributeConstraints = &numberConstraints{MinValue: "0"}
		}
		return a
	}
	list := []schemaAttribute{standard(attrSub, typeString, false, true)}
	for _, name := range standardAttributes {
		mutable := !slices.Contains(p.immutable, name)
		required := slices.Contains(p.cfg.RequiredAttributes, name)
		list = append(list, standard(name, standardType(name), mutable, required))
	}
	for _, name := range []string{attrEmailVerified, attrPhoneVerified} {
		list = append(list, standard(name, typeBoolean, true, false))
	}
	for _, c := range p.cfg.CustomAttributes {
		list = append(list, c.described())
	}
	return list
}

func standardType(name string) string {
	if name == "updated_at" {
		return typeNumber
	}
	return typeString
}

// described returns a custom attribute on the wire.
func (c CustomAttribute) described() schemaAttribute {
	mutable := !c.Immutable
	a := schemaAttribute{Name: customPrefix + c.Name, AttributeDataType: cmp.Or(c.Type, typeString), Mutable: &mutable}
	bound := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	switch a.AttributeDataType {
	case typeString:
		a.StringAttributeConstraints = &stringConstraints{bound(c.Min), bound(c.Max)}
	case typeNumber:
		a.NumberAttributeConstraints = &numberConstraints{bound(c.Min), bound(c.Max)}
	}
	return a
}

const maxCustomAttributes = 50

// addSchema adds attributes to a pool, all or none: custom ones and, while the pool is created,
// changes of standard ones.
func (p *pool) addSchema(list []schemaAttribute, creating bool) error {
	required, immutable := slices.Clone(p.cfg.RequiredAttributes), slices.Clone(p.immutable)
	custom := slices.Clone(p.cfg.CustomAttributes)
	builtIn := append([]string{attrSub, attrEmailVerified, attrPhoneVerified}, standardAttributes...)
	for _, a := range list {
		if creating && slices.Contains(builtIn, a.Name) {
			if a.AttributeDataType != "" && slices.Contains(standardAttributes, a.Name) &&
				a.AttributeDataType != standardType(a.Name) {
				return errStandardType(a.Name)
			}
			if a.Required && a.Name != attrSub {
				required = append(required, a.Name)
			}
			if a.Mutable != nil && !*a.Mutable && a.Name != attrSub {
				immutable = append(immutable, a.Name)
			}
			continue
		}
		name := strings.TrimPrefix(a.Name, customPrefix)
		switch {
		case a.Required:
			return errRequiredCustom
		case a.DeveloperOnlyAttribute:
			return errDeveloperOnly
		case slices.ContainsFunc(custom, func(c CustomAttribute) bool { return c.Name == name }):
			return invalidParameter(customPrefix + name + ": Existing attribute already has name " + customPrefix + name + ".")
		case len(custom) >= maxCustomAttributes:
			return errTooManyAttributes
		}
		custom = append(custom, a.custom(name))
	}
	p.cfg.RequiredAttributes, p.cfg.CustomAttributes, p.immutable = required, custom, immutable
	return nil
}

// custom returns the attribute for a definition on the wire. Unlike a standard attribute, it is
// immutable unless the definition says otherwise.
func (a *schemaAttribute) custom(name string) CustomAttribute {
	c := CustomAttribute{
		Name: name, Type: cmp.Or(a.AttributeDataType, typeString), Immutable: a.Mutable == nil || !*a.Mutable,
	}
	lowest, highest := "", ""
	if b := a.StringAttributeConstraints; b != nil && c.Type == typeString {
		lowest, highest = b.MinLength, b.MaxLength
	}
	if b := a.NumberAttributeConstraints; b != nil && c.Type == typeNumber {
		lowest, highest = b.MinValue, b.MaxValue
	}
	c.Min, _ = strconv.ParseInt(lowest, 10, 64) // their form is checked; "" is 0
	c.Max, _ = strconv.ParseInt(highest, 10, 64)
	return c
}

type addAttributesInput struct {
	UserPoolID       string `json:"UserPoolId"`
	CustomAttributes []schemaAttribute
}

func (p *pool) addCustomAttributes(in *addAttributesInput) (empty, error) {
	v := &validation{}
	for i, a := range in.CustomAttributes {
		a.form(v, fmt.Sprintf("customAttributes.%d.member", i+1))
	}
	if err := v.err(); err != nil {
		return empty{}, err
	}
	if err := p.adminCall(in.UserPoolID); err != nil {
		return empty{}, err
	}
	if err := p.addSchema(in.CustomAttributes, false); err != nil {
		return empty{}, err
	}
	p.modified = p.now()
	return empty{}, nil
}

type tagsInput struct {
	ResourceArn string
	Tags        map[string]string
	TagKeys     []string
}

type tagsOutput struct{ Tags map[string]string }

// tagged returns the pool that a call on tags refers to.
func (s *service) tagged(arn string) (*pool, error) {
	p := s.findPool(func(p *pool) bool { return p.arn() == arn })
	if p == nil {
		_, id, _ := strings.Cut(arn, ":userpool/")
		return nil, errNoPool(id)
	}
	return p, nil
}

func (s *service) tagResource(in *tagsInput) (empty, error) {
	p, err := s.tagged(in.ResourceArn)
	if err != nil {
		return empty{}, err
	}
	tags := maps.Clone(p.settings.UserPoolTags)
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, in.Tags)
	if len(tags) > maxPoolTags {
		return empty{}, errTooManyTags
	}
	p.settings.UserPoolTags = tags
	return empty{}, nil
}

func (s *service) untagResource(in *tagsInput) (empty, error) {
	p, err := s.tagged(in.ResourceArn)
	if err != nil {
		return empty{}, err
	}
	tags := maps.Clone(p.settings.UserPoolTags)
	for _, key := range in.TagKeys {
		delete(tags, key)
	}
	p.settings.UserPoolTags = tags
	return empty{}, nil
}

func (s *service) listTagsForResource(in *tagsInput) (tagsOutput, error) {
	p, err := s.tagged(in.ResourceArn)
	if err != nil {
		return tagsOutput{}, err
	}
	out := tagsOutput{maps.Clone(p.settings.UserPoolTags)}
	if out.Tags == nil {
		out.Tags = map[string]string{}
	}
	return out, nil
}
